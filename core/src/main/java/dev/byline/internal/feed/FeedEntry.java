package dev.byline.internal.feed;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An item of a feed, not validated.
 *
 * @param id the identifier in the feed
 * @param address the address in the feed, not resolved
 * @param link the resolved address of the page
 * @param title the title
 * @param content the full text
 * @param summary the short text
 * @param time the time of publication, otherwise of the last change
 */
record FeedEntry(
        @Nullable String id,
        @Nullable String address,
        @Nullable String link,
        @Nullable Text title,
        @Nullable Text content,
        @Nullable Text summary,
        @Nullable Instant time) {

    /**
     * A text of an item.
     *
     * @param value the text in the feed
     * @param kind how to read the text
     */
    record Text(String value, Kind kind) {
        /** The format of a text. */
        enum Kind {
            PLAIN,
            /** HTML, or plain text where the format allows both. */
            HTML,
            /** HTML written from XML elements: each tag is markup. */
            MARKUP
        }

        static Text plain(String value) {
            return new Text(value, Kind.PLAIN);
        }

        static Text html(String value) {
            return new Text(value, Kind.HTML);
        }

        /** Returns this text, read as HTML. */
        Text asHtml() {
            return kind == Kind.PLAIN ? html(value) : this;
        }
    }

    /**
     * Collects the members of an item; the first valid one of each kind counts. Not safe for use by several threads.
     */
    static final class Builder {
        private @Nullable String id;
        private @Nullable String address;
        private @Nullable String link;
        private @Nullable String fallbackLink;
        private @Nullable Text title;
        private @Nullable Text content;
        private @Nullable Text summary;
        private @Nullable Instant published;
        private @Nullable Instant modified;

        void id(String value) {
            id = id == null && !value.isBlank() ? value.strip() : id;
        }

        /**
         * Sets the address.
         *
         * @param base the URL that a relative value is resolved against
         */
        void link(String value, String base) {
            if (!value.isBlank()) {
                address = address == null ? value.strip() : address;
                link = link == null ? WebLink.resolve(value, base) : link;
            }
        }

        /** Sets the address that is used without a {@link #link}. */
        void fallbackLink(String value, String base) {
            fallbackLink = fallbackLink == null && !value.isBlank() ? WebLink.resolve(value, base) : fallbackLink;
        }

        void title(Text value) {
            title = title == null ? value : title;
        }

        void content(Text value) {
            content = content == null && !value.value().isBlank() ? value : content;
        }

        /** Sets the text that is used without a {@link #content}. */
        void summary(Text value) {
            summary = summary == null && !value.value().isBlank() ? value : summary;
        }

        void published(String value) {
            published = published == null ? FeedTime.parse(value) : published;
        }

        /** Sets the time that is used without a {@link #published}. */
        void modified(String value) {
            modified = modified == null ? FeedTime.parse(value) : modified;
        }

        FeedEntry build() {
            return new FeedEntry(
                    id,
                    address,
                    link == null ? fallbackLink : link,
                    title,
                    content,
                    summary,
                    published == null ? modified : published);
        }
    }
}
