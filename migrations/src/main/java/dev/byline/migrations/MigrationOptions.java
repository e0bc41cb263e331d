package dev.byline.migrations;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Where and how the tables are created. Immutable. */
public final class MigrationOptions {
    /** The schema of Byline's tables unless another is set. */
    public static final String DEFAULT_SCHEMA = "byline";

    /** Schema {@code byline}, English posts. Rejects a database that has Byline's tables in another schema. */
    public static final MigrationOptions DEFAULT = new MigrationOptions(DEFAULT_SCHEMA, false, "english");

    /** PostgreSQL truncates longer names. */
    private static final int MAX_SCHEMA_BYTES = 63;

    private final @Nullable String schema;
    private final boolean named;
    private final String searchLanguage;

    private MigrationOptions(@Nullable String schema, boolean named, String searchLanguage) {
        this.schema = schema;
        this.named = named;
        this.searchLanguage = searchLanguage;
    }

    /**
     * Returns a copy with another schema, which is created if it doesn't exist. A database may have Byline's tables in
     * several schemas, which share nothing.
     *
     * @param name 1 to 63 bytes in UTF-8, any characters except control characters, case-sensitive; not
     *     {@code information_schema}, nor starting with {@code pg_}
     * @throws IllegalArgumentException when the name is invalid
     */
    public MigrationOptions schema(String name) {
        var bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > MAX_SCHEMA_BYTES || name.codePoints().anyMatch(MigrationOptions::isUnfit)) {
            throw new IllegalArgumentException(
                    "the schema's name must have 1 to 63 bytes and no control characters: " + name.strip());
        }
        if (name.startsWith("pg_") || name.equals("information_schema")) {
            throw new IllegalArgumentException("PostgreSQL reserves the schema's name: " + name);
        }
        return new MigrationOptions(name, true, searchLanguage);
    }

    private static boolean isUnfit(int c) {
        return Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE; // unpaired
    }

    /**
     * Returns a copy that uses the current schema of the connections, the first existing one in their
     * {@code search_path}. Rejects a database that has Byline's tables in another schema.
     */
    public MigrationOptions currentSchema() {
        return new MigrationOptions(null, false, searchLanguage);
    }

    /**
     * Returns a copy with another language of posts, which is used only when the tables are created.
     *
     * @param name of a text search configuration of PostgreSQL, such as {@code german} or {@code simple}
     * @throws IllegalArgumentException when it can't be such a name
     */
    public MigrationOptions searchLanguage(String name) {
        if (!name.matches("[a-z_]{1,40}")) {
            throw new IllegalArgumentException("not the name of a text search configuration: " + name);
        }
        return new MigrationOptions(schema, named, name);
    }

    /** Returns the schema; null for the current one. */
    @Nullable
    String schema() {
        return schema;
    }

    /** Returns whether the caller chose the schema: then Byline's tables in another one are no mistake. */
    boolean isNamed() {
        return named;
    }

    String searchLanguage() {
        return searchLanguage;
    }
}
