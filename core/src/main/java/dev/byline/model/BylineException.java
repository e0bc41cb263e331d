package dev.byline.model;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything that Byline refuses or can't do. Sealed: a {@code switch} over it needs no default, and a new kind
 * breaks the build where it isn't handled. Messages are meant for the caller: they hold no SQL and no secrets.
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

        /** @param errors every fault found, at least one */
        public Invalid(List<FieldError> errors) {
            super(
                    errors.stream()
                            .map(error -> error.field() + " " + error.message())
                            .collect(Collectors.joining("; ")),
                    null);
            this.errors = List.copyOf(errors);
        }

        /**
         * A single fault.
         *
         * @param field as {@link FieldError#field()}
         * @param message as {@link FieldError#message()}
         */
        public Invalid(String field, String message) {
            this(List.of(new FieldError(field, message)));
        }

        /** Returns every fault found, at least one. */
        public List<FieldError> errors() {
            return errors;
        }
    }

    /** A cursor that this list did not hand out. */
    public static final class BadCursor extends BylineException {
        private static final long serialVersionUID = 1L;

        public BadCursor() {
            super("cursor is not one that this list handed out", null);
        }
    }

    /** It doesn't exist, or not for this principal: the two are not told apart. */
    public static final class NotFound extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param what the kind of thing, such as {@code post} */
        public NotFound(String what) {
            super("no such " + what, null);
        }
    }

    /** Who calls could not be established: a wrong password, a token that is no longer good. */
    public static final class Unauthenticated extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what did not fit, without saying which part of it */
        public Unauthenticated(String message) {
            super(message, null);
        }
    }

    /** The principal may see it, but not do this to it. */
    public static final class Forbidden extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what is not allowed */
        public Forbidden(String message) {
            super(message, null);
        }
    }

    /**
     * It clashes with what is already there, or a rule that a host added to the schema refused it; nothing was changed. For a
     * rule, the cause holds the driver's {@link java.sql.SQLException}.
     */
    public static final class Conflict extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what it clashes with */
        public Conflict(String message) {
            super(message, null);
        }

        /**
         * A rule of the database that is not Byline's: a host's foreign key, constraint or trigger.
         *
         * @param message what was refused, without the rule's name
         * @param cause what the driver reported, with the rule's name
         */
        public Conflict(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** It has changed since the caller looked; nothing was changed now. */
    public static final class Stale extends BylineException {
        private static final long serialVersionUID = 1L;

        public Stale() {
            super("it has changed since you read it; read it again and retry with its current version", null);
        }
    }

    /** Another attempt with the same idempotency key is under way. Trying later helps. */
    public static final class InProgress extends BylineException {
        private static final long serialVersionUID = 1L;

        public InProgress() {
            super("another request with this Idempotency-Key is in progress; retry later", null);
        }
    }

    /** The principal does as much of this at a time as they may. Trying later helps. */
    public static final class TooMany extends BylineException {
        private static final long serialVersionUID = 1L;

        /** @param message what there is too much of */
        public TooMany(String message) {
            super(message, null);
        }
    }

    /** The idempotency key belongs to another request; nothing was changed. */
    public static final class KeyReused extends BylineException {
        private static final long serialVersionUID = 1L;

        public KeyReused() {
            super("this Idempotency-Key was used for another request, or for something that was deleted since", null);
        }
    }

    /**
     * The database is away, overloaded or too slow, or its schema is not there, as the message says; a write may or may not
     * have happened. Trying later may help.
     */
    public static final class Unavailable extends BylineException {
        private static final long serialVersionUID = 1L;
        private final boolean schemaMissing;

        private Unavailable(String message, @Nullable Throwable cause, boolean schemaMissing) {
            super(message, cause);
            this.schemaMissing = schemaMissing;
        }

        /** @param message what is overloaded, apart from the database */
        public Unavailable(String message) {
            this(message, null, false);
        }

        /** @param cause what the driver or pool reported */
        public Unavailable(@Nullable Throwable cause) {
            this("the database is not available right now", cause, false);
        }

        /**
         * The database answers, but lacks tables, columns or functions.
         *
         * @param cause what the driver reported
         */
        public static Unavailable schemaMissing(Throwable cause) {
            return new Unavailable("the schema is not there: run Migrations.apply or `byline migrate`", cause, true);
        }

        /** Whether the database answers, but migrations are missing. */
        public boolean isSchemaMissing() {
            return schemaMissing;
        }
    }
}
