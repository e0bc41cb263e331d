package dev.byline.migrations;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.flywaydb.core.Flyway;

/** Checks the version of Flyway: a host's dependency management may have chosen an older one. */
final class FlywayVersion {
    /** The oldest version that is known to run the migrations; 11.10 and older lack methods. */
    private static final int MAJOR = 11;

    private static final int MINOR = 14;

    private FlywayVersion() {}

    /** @throws IllegalStateException when Flyway on the class path or module path is too old */
    static void check() {
        try (var version = Flyway.class.getResourceAsStream("internal/version.txt")) {
            if (version != null) {
                check(new String(version.readAllBytes(), StandardCharsets.UTF_8).strip());
            }
        } catch (IOException e) {
            // a version that doesn't say what it is isn't known to be too old
        }
    }

    /** @throws IllegalStateException when a version is too old */
    static void check(String found) {
        var parts = found.split("[^0-9]+", -1);
        if (parts.length < 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            return;
        }
        var major = Integer.parseInt(parts[0]);
        var minor = Integer.parseInt(parts[1]);
        if (major < MAJOR || (major == MAJOR && minor < MINOR)) {
            throw new IllegalStateException("Byline's migrations need Flyway " + MAJOR + "." + MINOR
                    + " or newer, but found " + found
                    + ": set its version in your build (Spring Boot: the property flyway.version)");
        }
    }
}
