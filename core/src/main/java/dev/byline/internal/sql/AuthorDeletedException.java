package dev.byline.internal.sql;

/** An author was deleted while a post was inserted, which violates the foreign key. Nothing was written. */
public final class AuthorDeletedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AuthorDeletedException(Throwable cause) {
        super("an author was deleted during the insert", cause);
    }
}
