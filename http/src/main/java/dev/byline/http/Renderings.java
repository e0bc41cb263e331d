package dev.byline.http;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of pages that core has handed out: it hands out the same instance again while its cache has it. Writing a page as
 * JSON and computing its tag takes longer than everything else about a cached read. An instance has one place, and the next one
 * that has the same place takes it: what nobody asks for again costs no bookkeeping.
 */
final class Renderings {
    /** Larger bodies aren't kept. */
    private static final int MAX_BODY = 64 * 1024;

    private final AtomicReferenceArray<@Nullable Kept> places;

    /**
     * Keeps none yet.
     *
     * @param memory bytes for all together with what they were made of, about
     */
    Renderings(long memory) {
        this.places = new AtomicReferenceArray<>(Math.clamp(memory / (3 * MAX_BODY), 16, 1024));
    }

    private record Kept(Object source, Rendering rendering) {}

    /**
     * The bytes of something immutable.
     *
     * @param source what is rendered; told apart by identity
     * @param again whether core may hand it out again
     * @param writer writes it, always the same way
     */
    @SuppressWarnings("ReferenceEquality")
    Rendering of(Object source, boolean again, Json.Writer writer) {
        if (!again) {
            return Rendering.of(writer);
        }
        var place = System.identityHashCode(source) % places.length();
        var kept = places.get(place);
        if (kept != null && kept.source() == source) {
            return kept.rendering();
        }
        var made = Rendering.of(writer);
        if (made.body().length <= MAX_BODY) {
            places.set(place, new Kept(source, made));
        }
        return made;
    }

    /**
     * An answer's body.
     *
     * @param body as sent
     * @param tag its ETag
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Rendering(byte[] body, String tag) {
        static Rendering of(Json.Writer writer) {
            var body = Json.bytes(writer);
            return new Rendering(body, Conditional.tag(body));
        }
    }
}
