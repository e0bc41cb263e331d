package dev.byline.internal.feed;

import org.jspecify.annotations.Nullable;

/** What a server answered to who asked for a feed. */
sealed interface FetchResult {
    /** The same as the last time. */
    record NotModified() implements FetchResult {}

    /**
     * A document, whole and uncompressed.
     *
     * @param from where it came from, at the end of all redirects
     * @param type what it is, as the server says
     * @param charset as the server names it, if it does
     * @param body its bytes
     * @param validators what to ask with the next time
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Document(FeedUrl from, FeedType type, @Nullable String charset, byte[] body, Validators validators)
            implements FetchResult {}

    /**
     * What a server knows a version of a document by.
     *
     * @param etag its entity tag
     * @param lastModified when it says that it changed, in its own words
     */
    record Validators(@Nullable String etag, @Nullable String lastModified) {
        static final Validators NONE = new Validators(null, null);
    }
}
