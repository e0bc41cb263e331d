package dev.byline.migrations;

import org.jspecify.annotations.Nullable;

/**
 * The schema could not be read or migrated. The cause is the {@link java.sql.SQLException}, if the database reported
 * one or could not be reached.
 */
public final class MigrationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MigrationException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
