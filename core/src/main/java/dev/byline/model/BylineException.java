package dev.byline.model;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Base class of all errors of Byline's use cases. Sealed: a {@code switch} over it needs no default, and a new subclass
 * breaks the build where it isn't handled. Messages are written for the caller: they contain no SQL and no secrets.
 */
public abstract sealed class BylineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private BylineException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Values that break a rule; nothing was changed. */
    public static final class Invalid extends BylineException {
        private static final long serialVersionUID = 1L;
        private final transient List<FieldError> errors;

        /** @param errors all errors that were found, at least one */
        public Invalid(List<FieldError> errors) {
            super(
                    errors.stream()
                            .map(error -> error.field() + " " + error.message())
                            .collect(Collectors.joining("; ")),
                    null);
            this.errors = List.copyOf(errors);
        }

        /**
         * Reports a single invalid field.
         *
         * @param field as {@link FieldError#field()}
         * @param message as {@link FieldError#message()}
         */
        public Invalid(String field, String message) {
            this(List.of(new FieldError(field, message)));
        }

        /** Returns all errors that were found, at least one. */
        public List<FieldError> errors() {
            return errors;
        }
    }

    /** A cursor that this list did not return. */
    public static final class BadCursor extends BylineException {
        private static final long serialVersionUID = 1L;

        public BadCursor() {
            super("cursor is not one that this list handed out", null);
        }
    }

    /** The thing doesn't exist or isn't visible to this principal; the error doesn't say which. */
    public static final class NotFound extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param what the kind of thing, such as {@code post} */
        public NotFound(String what) {
            super("no such " + what, null);
        }
    }

    /** Authentication failed: the password is wrong, or the token is unknown, expired or revoked. */
    public static final class Unauthenticated extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what was wrong, without saying which part of it */
        public Unauthenticated(String message) {
            super(message, null);
        }
    }

    /** The principal may see the thing, but isn't permitted to do this to it. */
    public static final class Forbidden extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what is not permitted */
        public Forbidden(String message) {
            super(message, null);
        }
    }

    /**
     * A conflict with existing data, or with a rule that a host added to the schema; nothing was changed. For such a
     * rule, the cause is the driver's {@link java.sql.SQLException}.
     */
    public static final class Conflict extends BylineException {
        private static final long serialVersionUID = 1L;
        private final ConflictReason reason;

        /**
         * Reports a conflict.
         *
         * @param reason for programs
         * @param message for people
         */
        public Conflict(ConflictReason reason, String message) {
            super(message, null);
            this.reason = reason;
        }

        /**
         * Reports a rule that the host added to the database: a foreign key, constraint or trigger.
         *
         * @param reason for programs
         * @param message what was rejected, without the rule's name
         * @param cause the driver's exception, with the rule's name
         */
        public Conflict(ConflictReason reason, String message, Throwable cause) {
            super(message, cause);
            this.reason = reason;
        }

        /** Returns what the change conflicts with. */
        public ConflictReason reason() {
            return reason;
        }
    }

    /**
     * The thing has another version than expected, because it was changed since the caller read it; nothing was changed
     * by this call.
     */
    public static final class Stale extends BylineException {
        private static final long serialVersionUID = 1L;

        public Stale() {
            super("it has changed since you read it; read it again and retry with its current version", null);
        }
    }

    /** Another request with the same idempotency key is in progress. Retry later. */
    public static final class InProgress extends BylineException {
        private static final long serialVersionUID = 1L;

        public InProgress() {
            super("another request with this Idempotency-Key is in progress; retry later", null);
        }
    }

    /** The principal has reached a limit on concurrent operations. Retry later. */
    public static final class TooMany extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message which limit was reached */
        public TooMany(String message) {
            super(message, null);
        }
    }

    /** The idempotency key was used for another request; nothing was changed. */
    public static final class KeyReused extends BylineException {
        private static final long serialVersionUID = 1L;

        public KeyReused() {
            super("this Idempotency-Key was used for another request, or its result was deleted; use a new key", null);
        }
    }

    /**
     * The database is unavailable, overloaded or too slow, or its schema or a privilege is missing. A retry may succeed;
     * {@link #mayHaveHappened} says whether the failed call may have changed something.
     */
    public static final class Unavailable extends BylineException {
        private static final long serialVersionUID = 1L;
        private final UnavailableReason reason;
        private final boolean mayHaveHappened;

        private Unavailable(
                UnavailableReason reason, String message, @Nullable Throwable cause, boolean mayHaveHappened) {
            super(message, cause);
            this.reason = reason;
            this.mayHaveHappened = mayHaveHappened;
        }

        /** @param message what is overloaded, other than the database */
        public Unavailable(String message) {
            this(UnavailableReason.BUSY, message, null, false);
        }

        /** @param cause the exception of the driver or the pool */
        public Unavailable(@Nullable Throwable cause) {
            this(UnavailableReason.DATABASE, "the database is not available right now", cause, false);
        }

        /**
         * Returns the exception for a database that responds but lacks tables, columns or functions.
         *
         * @param cause the driver's exception
         */
        public static Unavailable schemaMissing(Throwable cause) {
            return new Unavailable(
                    UnavailableReason.SCHEMA_MISSING,
                    "Byline's tables are missing: run Migrations.apply or `byline migrate`, or set the schema that has them",
                    cause,
                    false);
        }

        /**
         * Returns the exception for a database whose role lacks a privilege.
         *
         * @param cause the driver's exception
         */
        public static Unavailable privilegeMissing(Throwable cause) {
            return new Unavailable(
                    UnavailableReason.PRIVILEGE_MISSING,
                    "the database role lacks a privilege on Byline's schema, tables or functions: grant it",
                    cause,
                    false);
        }

        /**
         * Returns the exception of a commit whose outcome is unknown.
         *
         * @param cause the exception of the commit
         */
        public static Unavailable unknownOutcome(Unavailable cause) {
            return new Unavailable(cause.reason, String.valueOf(cause.getMessage()), cause, true);
        }

        /** Returns what is unavailable. */
        public UnavailableReason reason() {
            return reason;
        }

        /**
         * Returns whether the outcome of a write is unknown: the connection broke, or the statement timed out, when it
         * may already have been committed. If false, nothing was changed.
         */
        public boolean mayHaveHappened() {
            return mayHaveHappened;
        }
    }
}
