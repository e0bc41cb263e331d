package dev.byline.http;

import io.javalin.http.Context;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of pages that core has handed out: it hands out the same instance again while its cache has it. Writing a page as
 * JSON and computing its tag takes longer than everything else about a cached read. An instance has one place, and the next one
 * that has the same place takes it: what nobody asks for again costs no bookkeeping.
 */
final class RenderedPageCache {
    /** Larger bodies aren't kept. */
    private static final int MAX_BODY = 64 * 1024;

    private final AtomicReferenceArray<@Nullable Kept> places;

    /**
     * Keeps none yet.
     *
     * @param memory bytes for all together with what they were made of, about
     */
    RenderedPageCache(long memory) {
        this.places = new AtomicReferenceArray<>(Math.clamp(memory / (3 * MAX_BODY), 16, 1024));
    }

    private record Kept(Object source, Rendering rendering) {}

    /**
     * The bytes of something immutable.
     *
     * @param source what is rendered; told apart by identity
     * @param again whether core may hand it out again
     * @param size about how many bytes it takes
     * @param writer writes it, always the same way
     * @throws HttpProblem when there is no room for it now: 503
     */
    @SuppressWarnings("ReferenceEquality")
    Rendering of(Context ctx, Object source, boolean again, LongSupplier size, Json.Writer writer) {
        if (!again || Responses.isHead(ctx)) {
            return Rendering.of(ctx, size.getAsLong(), writer);
        }
        var place = System.identityHashCode(source) % places.length();
        var kept = places.get(place);
        if (kept != null && kept.source() == source) {
            return kept.rendering();
        }
        var made = Rendering.of(ctx, size.getAsLong(), writer);
        if (made.body().length <= MAX_BODY) {
            places.set(place, new Kept(source, made));
        }
        return made;
    }

    /**
     * An answer's body.
     *
     * @param body as sent; empty for HEAD, which needs its length and tag only
     * @param length of the body
     * @param tag its ETag
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Rendering(byte[] body, long length, String tag) {
        static Rendering of(Context ctx, long size, Json.Writer writer) {
            if (Responses.isHead(ctx)) {
                var digest = new JsonDigest();
                Json.write(writer, digest);
                return new Rendering(new byte[0], digest.length(), ConditionalRequests.tagOf(digest.sha256()));
            }
            var body = Responses.render(ctx, size, writer);
            return new Rendering(body, body.length, ConditionalRequests.tag(body));
        }
    }

    /** Keeps nothing of what is written but its length and its SHA-256. */
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
