package dev.byline.internal.feed;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An item as a feed has it. Nothing of it was checked.
 *
 * @param id what the feed knows it by
 * @param address where it says that it is, as it stands there
 * @param link the page it leads to, null when there is none
 * @param title what it is called
 * @param content what it says
 * @param summary what it says in short
 * @param time when it was published
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
     * A text.
     *
     * @param value as it stands there
     * @param kind how to read it
     */
    record Text(String value, Kind kind) {
        /** How a text is to be read. */
        enum Kind {
            PLAIN,
            /** HTML as text, or text that should be HTML. */
            HTML,
            /** HTML made of elements: what looks like a tag is one. */
            MARKUP
        }

        static Text plain(String value) {
            return new Text(value, Kind.PLAIN);
        }

        static Text html(String value) {
            return new Text(value, Kind.HTML);
        }

        /** The same as HTML. */
        Text asHtml() {
            return kind == Kind.PLAIN ? html(value) : this;
        }
    }

    /** What is read of an entry, member by member: the first of each kind counts. Not safe for use by several threads. */
    static final class Builder {
        private @Nullable String id;
        private @Nullable String address;
        private @Nullable String link;
        private @Nullable String secondLink;
        private @Nullable Text title;
        private @Nullable Text content;
        private @Nullable Text summary;
        private @Nullable Instant published;
        private @Nullable Instant modified;

        void id(String value) {
            id = id == null && !value.isBlank() ? value.strip() : id;
        }

        /**
         * Where it is.
         *
         * @param base what the value may be relative to
         */
        void link(String value, String base) {
            if (!value.isBlank()) {
                address = address == null ? value.strip() : address;
                link = link == null ? WebLink.resolve(value, base) : link;
            }
        }

        /** Where it is if nothing better is said. */
        void secondLink(String value, String base) {
            secondLink = secondLink == null && !value.isBlank() ? WebLink.resolve(value, base) : secondLink;
        }

        void title(Text value) {
            title = title == null ? value : title;
        }

        void content(Text value) {
            content = content == null && !value.value().isBlank() ? value : content;
        }

        /** What it says if it doesn't say it in full. */
        void summary(Text value) {
            summary = summary == null && !value.value().isBlank() ? value : summary;
        }

        void published(String value) {
            published = published == null ? FeedTime.parse(value) : published;
        }

        /** When it was published if nothing better is said. */
        void modified(String value) {
            modified = modified == null ? FeedTime.parse(value) : modified;
        }

        FeedEntry build() {
            return new FeedEntry(
                    id,
                    address,
                    link == null ? secondLink : link,
                    title,
                    content,
                    summary,
                    published == null ? modified : published);
        }
    }
}
