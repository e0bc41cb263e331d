package dev.byline.internal.feed;

import org.jspecify.annotations.Nullable;

/** The successful response to a fetch. */
sealed interface FetchResult {
    /** The document is the one of the last fetch. */
    record NotModified() implements FetchResult {}

    /**
     * A complete, uncompressed document.
     *
     * @param from its URL after all redirects
     * @param type the format in the Content-Type
     * @param charset the charset in the Content-Type, if any
     * @param body the bytes
     * @param validators the validators for the next request
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Document(FeedUrl from, FeedType type, @Nullable String charset, byte[] body, Validators validators)
            implements FetchResult {}

    /**
     * The validators of a document, for conditional requests.
     *
     * @param etag the ETag header
     * @param lastModified the Last-Modified header, sent back unchanged
     */
    record Validators(@Nullable String etag, @Nullable String lastModified) {
        static final Validators NONE = new Validators(null, null);
    }
}
