package dev.byline.internal.feed;

import java.util.Optional;

/** The formats of feeds. */
enum FeedType {
    JSON,
    XML;

    /** The Accept header of a request. */
    static final String ACCEPT =
            "application/feed+json, application/atom+xml, application/rss+xml, application/json;q=0.9,"
                    + " application/xml;q=0.9, text/xml;q=0.8";

    /** Returns the format for a media type in lower case, without parameters. */
    static Optional<FeedType> of(String type) {
        return switch (type) {
            case "application/feed+json", "application/json" -> Optional.of(JSON);
            case "application/rss+xml", "application/atom+xml", "application/xml", "text/xml" -> Optional.of(XML);
            default -> Optional.empty();
        };
    }
}
