package dev.byline.internal.store;

import org.jooq.Constants;

/** Checks the version of jOOQ: a host's dependency management may have chosen an older one. */
final class JooqVersion {
    /** The version that the generated classes were made for: they don't load with an older one. */
    private static final int MAJOR = 3;

    private static final int MINOR = 21;

    private JooqVersion() {}

    /** @throws IllegalStateException when jOOQ on the class path or module path is too old */
    static void check() {
        String found;
        try {
            // by reflection: the compiler copies constants
            found = String.valueOf(Constants.class.getField("VERSION").get(null));
        } catch (ReflectiveOperationException e) {
            return; // a version without the constant isn't known to be too old
        }
        check(found);
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
            throw new IllegalStateException("Byline needs jOOQ " + MAJOR + "." + MINOR + " or newer, but found " + found
                    + ": set its version in your build (Spring Boot: the property jooq.version)");
        }
    }
}
