package dev.byline.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

/**
 * The bytes of pages that core has handed out, for as long as it keeps them itself: it hands out the same instance again while
 * its cache has it. Writing a page as JSON and computing its tag takes longer than everything else about a cached read.
 */
final class Renderings {
    private final Cache<Object, Rendering> kept;

    /**
     * Keeps none yet.
     *
     * @param maxBytes of all together
     */
    Renderings(long maxBytes) {
        this.kept = Caffeine.newBuilder()
                .weakKeys() // compared by identity
                .maximumWeight(maxBytes)
                .weigher((Object source, Rendering rendering) -> rendering.body().length + 200)
                .executor(Runnable::run)
                .build();
    }

    /**
     * The bytes of something immutable.
     *
     * @param source what is rendered
     * @param again whether core may hand it out again
     * @param writer writes it, always the same way
     */
    Rendering of(Object source, boolean again, Json.Writer writer) {
        if (!again) {
            return Rendering.of(writer);
        }
        var known = kept.getIfPresent(source);
        if (known != null) {
            return known;
        }
        var made = Rendering.of(writer);
        kept.put(source, made);
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
