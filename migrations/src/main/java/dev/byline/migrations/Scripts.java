package dev.byline.migrations;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.flywaydb.core.api.ResourceProvider;
import org.flywaydb.core.api.resource.LoadableResource;
import org.jspecify.annotations.Nullable;

/**
 * The SQL files of this package. Flyway itself lists folders of the class path, which doesn't find files in a module:
 * an empty database would seem current.
 */
final class Scripts implements ResourceProvider {
    /** In the order in which they are applied. A {@code .conf} file has Flyway's settings for the file before it. */
    static final List<String> NAMES = List.of(
            "V001__users.sql",
            "V002__posts.sql",
            "V003__indexes.sql",
            "V003__indexes.sql.conf",
            "V004__tokens.sql",
            "V005__admins_index.sql",
            "V005__admins_index.sql.conf",
            "V006__idempotency_keys.sql",
            "V007__feeds.sql",
            "V008__cache_keys.sql");

    @Override
    @Nullable // Flyway asks for settings that a file doesn't have
    public LoadableResource getResource(String name) {
        return NAMES.contains(name) ? new Script(name) : null;
    }

    @Override
    public Collection<LoadableResource> getResources(String prefix, String[] suffixes) {
        return NAMES.stream()
                .filter(name ->
                        name.startsWith(prefix) && Arrays.stream(suffixes).anyMatch(name::endsWith))
                .<LoadableResource>map(Script::new)
                .toList();
    }

    private static final class Script extends LoadableResource {
        private final String name;

        Script(String name) {
            this.name = name;
        }

        @Override
        public Reader read() {
            try (var file = Objects.requireNonNull(Scripts.class.getResourceAsStream(name))) {
                return new StringReader(new String(file.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public String getAbsolutePath() {
            return "dev/byline/migrations/" + name;
        }

        @Override
        public @Nullable String getAbsolutePathOnDisk() {
            return null;
        }

        @Override
        public String getFilename() {
            return name;
        }

        @Override
        public String getRelativePath() {
            return name;
        }
    }
}
