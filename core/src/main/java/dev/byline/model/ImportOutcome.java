package dev.byline.model;

import java.util.List;

/** The outcome for one feed. */
public sealed interface ImportOutcome {
    /** Returns the URL as given. */
    String url();

    /**
     * The feed was read, and its items are stored, except those counted in {@code left}, {@code duplicates} and
     * {@code failed}.
     *
     * @param url as given
     * @param imported the number of new posts
     * @param updated the number of changed posts
     * @param left the number of new or changed items that the next import will bring: one import stores at most 500
     * @param duplicates the number of items that were dropped because another item of the same feed has the same
     *     content
     * @param failed the number of items that could not become posts
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
     * The feed hasn't changed since the last import.
     *
     * @param url as given
     */
    record Unchanged(String url) implements ImportOutcome {}

    /**
     * The feed could not be fetched or parsed.
     *
     * @param url as given
     * @param reason the kind of failure
     * @param detail what happened, in words
     */
    record Failed(String url, ImportFailure reason, String detail) implements ImportOutcome {}

    /**
     * An item that could not become a post; if an earlier import created its post, that post is unchanged.
     *
     * @param item its title, URL or id, whichever exists, at most 200 characters
     * @param reason what is wrong with it
     */
    record FailedItem(String item, String reason) {}
}
