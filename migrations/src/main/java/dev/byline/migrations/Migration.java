package dev.byline.migrations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * An SQL file of this package.
 *
 * @param script its name, such as {@code V001__users.sql}
 * @param sql its content
 */
record Migration(String script, String sql) {
    /** In the order in which they are applied. A list, because the files of a module or a nested jar can't be found. */
    static final List<String> SCRIPTS = List.of(
            "V001__users.sql",
            "V002__posts.sql",
            "V003__indexes.sql",
            "V004__tokens.sql",
            "V005__admins_index.sql",
            "V006__idempotency_keys.sql",
            "V007__feeds.sql",
            "V008__cache_keys.sql");

    /** The first line of a file that runs outside a transaction: it can be repeated after a failure at any point. */
    private static final String NO_TRANSACTION = "-- no transaction\n";

    /** @throws IllegalStateException when a file is missing from the artifact */
    static List<Migration> all() {
        return SCRIPTS.stream().map(Migration::read).toList();
    }

    private static Migration read(String script) {
        try (var file = Migration.class.getResourceAsStream(script)) {
            if (file == null) {
                throw new IllegalStateException("the file " + script + " is missing beside Migrations.class");
            }
            return new Migration(script, new String(file.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the number in the name. */
    int version() {
        return Integer.parseInt(script.substring(1, script.indexOf('_')));
    }

    /** Returns whether the file and its row in the history are one transaction. */
    boolean inTransaction() {
        return !sql.startsWith(NO_TRANSACTION);
    }

    /** Splits a file that runs outside a transaction, in which a line that ends with a semicolon ends a statement. */
    List<String> statements() {
        return Arrays.stream(sql.split(";\n", -1))
                .filter(statement -> statement.lines().anyMatch(line -> !line.isBlank() && !line.startsWith("--")))
                .toList();
    }

    /** Returns the SHA-256 of the file, in hexadecimal. */
    String checksum() {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(sql.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
