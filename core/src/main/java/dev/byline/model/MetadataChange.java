package dev.byline.model;

/** What to do with the metadata of a user or post. */
public sealed interface MetadataChange {
    /**
     * Merges: members that are null go, objects merge, all else is replaced (RFC 7396).
     *
     * @param patch the members to change
     */
    record Merge(Metadata patch) implements MetadataChange {}

    /** Empties it. */
    record Clear() implements MetadataChange {}
}
