package dev.byline.model;

/** What a change conflicts with. */
public enum ConflictReason {
    /** Another user has the e-mail address. */
    EMAIL_TAKEN,
    /** No active admin would be left. */
    LAST_ADMIN,
    /** An author was deleted during the request. */
    AUTHOR_DELETED,
    /** Another version of Byline stored the result of the request in a format that this one can't read. */
    RESULT_FORMAT,
    /** Rows of the host refer to what would be deleted. */
    REFERENCED,
    /** The change breaks another rule that the host added to the schema. */
    HOST_RULE
}
