package dev.byline.model;

import java.util.List;

/** What came of one feed. */
public sealed interface ImportOutcome {
    /** The address, as it was asked for. */
    String url();

    /**
     * The feed was read, and what it says is there now, apart from what is listed.
     *
     * @param url as it was asked for
     * @param imported how many posts are new
     * @param updated how many posts changed
     * @param left how many new or changed items wait for the next time, as one time brings at most 500
     * @param duplicates how many items say in all what another of the same feed says, and were dropped
     * @param failed how many items could not become posts
     * @param failedItems the first of these, at most 20
     */
    record Imported(
            String url, int imported, int updated, int left, int duplicates, int failed, List<FailedItem> failedItems)
            implements ImportOutcome {
        /** Copies the list. */
        public Imported {
            failedItems = List.copyOf(failedItems);
        }
    }

    /**
     * Nothing new since the last time.
     *
     * @param url as it was asked for
     */
    record Unchanged(String url) implements ImportOutcome {}

    /**
     * The feed could not be had, or not be read.
     *
     * @param url as it was asked for
     * @param reason the kind of failure
     * @param detail what happened, in words
     */
    record Failed(String url, ImportFailure reason, String detail) implements ImportOutcome {}

    /**
     * An item that could not become a post; the post that it was before, if it was one, is as it was.
     *
     * @param item its title, address or id, whatever there is, at most 200 characters
     * @param reason what is wrong with it
     */
    record FailedItem(String item, String reason) {}
}
