package dev.byline.server;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A setting.
 *
 * @param name the environment variable
 * @param purpose what it is for, and what applies if it is not set and has no default; docs/configuration.md says more
 * @param defaultText used when the setting is not set; empty when the default is computed or absent
 * @param type the allowed values, for people
 * @param parser throws an IllegalArgumentException with the allowed values, without the value of a secret
 * @param secret whether the value is masked and can be read from the file {@code NAME_FILE}
 * @param <T> the type of the value
 */
record Setting<T>(
        String name, String purpose, String defaultText, String type, Function<String, T> parser, boolean secret) {
    /** Parses a text, or the default if the text is empty; null if both are. */
    @Nullable
    T parse(String text) {
        var given = text.isEmpty() ? defaultText : text;
        return given.isEmpty() ? null : parser.apply(given);
    }

    @Override
    public String toString() {
        return name;
    }
}
