package dev.byline.http.message;

import dev.byline.model.ConflictReason;
import dev.byline.model.UnavailableReason;
import java.util.Locale;

/** Why a problem of one type occurred, where programs must tell the reasons apart. docs/errors.md describes each. */
public enum ProblemReason {
    EMAIL_TAKEN(409),
    LAST_ADMIN(409),
    AUTHOR_DELETED(409),
    RESULT_FORMAT(409),
    REFERENCED(409),
    HOST_RULE(409),
    NOT_A_USER(404),
    BUSY(503),
    DATABASE_AWAY(503),
    TABLES_MISSING(503),
    PRIVILEGE_MISSING(503),
    STARTING(503);

    private final int status;

    ProblemReason(int status) {
        this.status = status;
    }

    public static ProblemReason of(ConflictReason reason) {
        return switch (reason) {
            case EMAIL_TAKEN -> EMAIL_TAKEN;
            case LAST_ADMIN -> LAST_ADMIN;
            case AUTHOR_DELETED -> AUTHOR_DELETED;
            case RESULT_FORMAT -> RESULT_FORMAT;
            case REFERENCED -> REFERENCED;
            case HOST_RULE -> HOST_RULE;
        };
    }

    public static ProblemReason of(UnavailableReason reason) {
        return switch (reason) {
            case DATABASE -> DATABASE_AWAY;
            case SCHEMA_MISSING -> TABLES_MISSING;
            case PRIVILEGE_MISSING -> PRIVILEGE_MISSING;
            case BUSY -> BUSY;
        };
    }

    /** Returns the text in responses. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the status of its problems. */
    public int status() {
        return status;
    }
}
