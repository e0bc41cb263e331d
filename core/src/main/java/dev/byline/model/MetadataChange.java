package dev.byline.model;

/** A change to the metadata of a user or post. */
public sealed interface MetadataChange {
    /**
     * Merges a patch: null removes a member, objects are merged, everything else is replaced (RFC 7396).
     *
     * @param patch the members to change
     */
    record Merge(Metadata patch) implements MetadataChange {}

    /** Removes all members. */
    record Clear() implements MetadataChange {}
}
