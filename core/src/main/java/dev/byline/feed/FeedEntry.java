package dev.byline.feed;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An item as a feed has it. Nothing of it was checked.
 *
 * @param id what the feed knows it by
 * @param link where it is
 * @param title what it is called
 * @param content what it says
 * @param time when it was published
 */
record FeedEntry(
        @Nullable String id,
        @Nullable String link,
        @Nullable Text title,
        @Nullable Text content,
        @Nullable Instant time) {

    /**
     * A text.
     *
     * @param value as it stands there
     * @param html whether that is HTML
     */
    record Text(String value, boolean html) {
        static Text plain(String value) {
            return new Text(value, false);
        }

        static Text html(String value) {
            return new Text(value, true);
        }
    }

    /** What is read of an entry, member by member: the first of each kind counts. Not safe for use by several threads. */
    static final class Builder {
        private @Nullable String id;
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

        void link(String value) {
            link = link == null && !value.isBlank() ? value.strip() : link;
        }

        /** Where it is if nothing better is said. */
        void secondLink(String value) {
            secondLink = secondLink == null && !value.isBlank() ? value.strip() : secondLink;
        }

        void title(Text value) {
            title = title == null ? value : title;
        }

        void content(Text value) {
            content = content == null && !value.value().isBlank() ? value : content;
        }

        /** What it says if it doesn't say it in full. */
        void summary(Text value) {
            summary = summary == null ? value : summary;
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
                    link == null ? secondLink : link,
                    title,
                    content == null ? summary : content,
                    published == null ? modified : published);
        }
    }
}
