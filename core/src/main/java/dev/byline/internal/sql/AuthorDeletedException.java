package dev.byline.internal.sql;

/** The foreign key of posts refused a row: its author was deleted while it was inserted. Nothing was written. */
public final class AuthorDeletedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AuthorDeletedException(Throwable cause) {
        super("an author was deleted meanwhile", cause);
    }
}
