package dev.byline.http.exchange;

import dev.byline.http.message.Digests;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import io.javalin.http.Context;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Caches rendered pages by the identity of core's page object: core returns the same instance while its own cache holds
 * it. Rendering a page and hashing it costs more than the rest of a cached read. The cache is direct-mapped: each
 * instance has one slot, and another instance with the same slot evicts it, so eviction needs no bookkeeping.
 */
public final class RenderedPageCache {
    /** The maximum size of a cached body, in bytes. */
    private static final int MAX_BODY = 64 * 1024;

    private final AtomicReferenceArray<@Nullable Kept> places;

    /**
     * Creates an empty cache.
     *
     * @param memory the approximate maximum memory of bodies and their source pages, in bytes
     */
    public RenderedPageCache(long memory) {
        this.places = new AtomicReferenceArray<>(Math.clamp(memory / (4 * MAX_BODY), 16, 1024));
    }

    private record Kept(Object source, Rendering rendering) {}

    /**
     * Returns the rendered bytes of an immutable object.
     *
     * @param source the object, compared by identity
     * @param again whether core may return the same instance again; if not, the result is not cached
     * @param size the estimated size of the body, in bytes
     * @param writer renders the object, always to the same bytes
     * @throws HttpProblem 503, when the response budget is used up
     */
    @SuppressWarnings("ReferenceEquality")
    public Rendering of(Context ctx, Object source, boolean again, LongSupplier size, Json.Writer writer) {
        if (!again || Responses.isHead(ctx)) {
            return Rendering.of(ctx, size.getAsLong(), writer);
        }
        var place = System.identityHashCode(source) % places.length();
        var kept = places.get(place);
        if (kept != null && kept.source() == source) {
            return kept.rendering();
        }
        var made = Rendering.of(ctx, size.getAsLong(), writer);
        if (made.body().length > MAX_BODY) {
            return made;
        }
        var shared = made.kept();
        places.set(place, new Kept(source, shared));
        return shared;
    }

    /**
     * A response body.
     *
     * @param body the body as sent; empty for HEAD, which needs only length and tag
     * @param length the length of the body, in bytes
     * @param tag the ETag of the uncompressed body
     * @param isKept whether other requests get it, too
     * @param gzip the compressed body, null until it is needed
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Rendering(byte[] body, long length, String tag, boolean isKept, AtomicReference<byte @Nullable []> gzip) {
        Rendering(byte[] body, long length, String tag) {
            this(body, length, tag, false, new AtomicReference<>());
        }

        Rendering kept() {
            return new Rendering(body, length, tag, true, gzip);
        }

        /** Returns the body compressed by gzip; compresses it once. */
        byte[] compressed() {
            var known = gzip.get();
            if (known == null) {
                // two threads may do it, with the same result
                known = isKept ? Gzip.compressWell(body) : Gzip.compressFast(body);
                gzip.set(known);
            }
            return known;
        }

        public static Rendering of(Context ctx, long size, Json.Writer writer) {
            if (Responses.isHead(ctx)) {
                var digest = new JsonDigest();
                Json.write(writer, digest);
                return new Rendering(new byte[0], digest.length(), ConditionalRequests.tagOf(digest.sha256()));
            }
            var body = Responses.render(ctx, size, writer);
            return new Rendering(body, body.length, ConditionalRequests.tag(body));
        }
    }

    /** Computes the length and SHA-256 of what is written, and discards the bytes. */
    private static final class JsonDigest extends OutputStream {
        private final MessageDigest digest = Digests.sha256();
        private long length;

        @Override
        public void write(int b) {
            digest.update((byte) b);
            length++;
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
            digest.update(bytes, from, count);
            length += count;
        }

        long length() {
            return length;
        }

        byte[] sha256() {
            return digest.digest();
        }
    }
}
