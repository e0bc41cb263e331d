package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import java.util.ArrayList;
import java.util.List;

/** Parses feeds: JSON Feed 1.0 and 1.1, RSS, Atom. */
final class FeedParser {
    /** The maximum number of items in a document. */
    static final int MAX_ENTRIES = 10_000;

    private FeedParser() {}

    /**
     * Parses a document.
     *
     * @return the items in the order of the document
     * @throws FeedException when the document is not a feed or is invalid anywhere, since part of a feed must not pass
     *     for the whole; or after the deadline
     */
    static List<FeedEntry> parse(FetchResult.Document document, Deadline deadline) throws FeedException {
        var entries = new Entries();
        switch (document.type()) {
            case JSON -> JsonFeed.read(document, deadline, entries);
            case XML -> XmlFeed.read(document, deadline, entries);
        }
        return entries.list;
    }

    /** The items that the parsers found, within the limit. */
    static final class Entries {
        private final List<FeedEntry> list = new ArrayList<>();

        void add(FeedEntry entry) throws FeedException {
            if (list.size() == MAX_ENTRIES) {
                throw new FeedException(ImportFailure.TOO_LARGE, "the feed has more than " + MAX_ENTRIES + " items");
            }
            list.add(entry);
        }
    }
}
