package dev.byline.server;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A setting. {@link Settings} has them all.
 *
 * @param name in the environment
 * @param byDefault the text that holds when it isn't set; empty where that is computed or nothing
 * @param type what it may be, with its limits, in words
 * @param parser reads a text; throws an IllegalArgumentException that says what it must be, without repeating a secret
 * @param secret whether it is never shown, and may come from the file that {@code NAME_FILE} names
 * @param <T> what it is
 */
record Setting<T>(String name, String byDefault, String type, Function<String, T> parser, boolean secret) {
    /** The value of a text; null where the text is empty and there is no default. */
    @Nullable
    T parse(String text) {
        var given = text.isEmpty() ? byDefault : text;
        return given.isEmpty() ? null : parser.apply(given);
    }

    @Override
    public String toString() {
        return name;
    }
}
