package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import java.util.ArrayList;
import java.util.List;

/** Reads feeds: JSON Feed 1.0 and 1.1, RSS, Atom. */
final class FeedParser {
    /** The most items of a document. */
    static final int MAX_ENTRIES = 10_000;

    private FeedParser() {}

    /**
     * Reads a document.
     *
     * @param deadline by which it is done, or given up
     * @return its items, in its order
     * @throws FeedException when it is no feed, or broken anywhere: a part of one is not taken for the whole; or when the time
     *     is over
     */
    static List<FeedEntry> parse(FetchResult.Document document, Deadline deadline) throws FeedException {
        var entries = new Entries();
        switch (document.type()) {
            case JSON -> JsonFeed.read(document, deadline, entries);
            case XML -> XmlFeed.read(document, deadline, entries);
        }
        return entries.list;
    }

    /** Takes what the readers find. */
    static final class Entries {
        private final List<FeedEntry> list = new ArrayList<>();

        void add(FeedEntry entry) throws FeedException {
            if (list.size() == MAX_ENTRIES) {
                throw new FeedException(ImportFailure.TOO_LARGE, "has more than " + MAX_ENTRIES + " items");
            }
            list.add(entry);
        }
    }
}
