package dev.byline.internal.feed;

import java.util.Optional;

/** The kinds of documents that may hold a feed. */
enum FeedType {
    JSON,
    XML;

    /** What servers are asked for. */
    static final String ACCEPT =
            "application/feed+json, application/atom+xml, application/rss+xml, application/json;q=0.9,"
                    + " application/xml;q=0.9, text/xml;q=0.8";

    /** By a media type in lower case, without parameters. */
    static Optional<FeedType> of(String type) {
        return switch (type) {
            case "application/feed+json", "application/json" -> Optional.of(JSON);
            case "application/rss+xml", "application/atom+xml", "application/xml", "text/xml" -> Optional.of(XML);
            default -> Optional.empty();
        };
    }
}
