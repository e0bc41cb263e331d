package dev.byline.model;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A password in clear text. {@link #toString} masks it.
 *
 * <p>It is normalised (NFKC), so that it doesn't matter how a keyboard composes its characters. After that, a new one
 * must have {@value #MIN} to {@value #MAX} characters, must not be one of the most common passwords, and must not
 * contain the part of the user's e-mail address before the @, if that has 3 characters or more. There are no rules
 * about kinds of characters, as NIST advises.
 *
 * @see <a href="https://pages.nist.gov/800-63-4/sp800-63b.html">NIST SP 800-63B, 3.1.1</a>
 */
public final class Password {
    /** The fewest code points of a new password. */
    public static final int MIN = 12;

    /** The most code points of a password. */
    public static final int MAX = 128;

    private static final Set<String> COMMON = common();

    private final String text;

    /**
     * Wraps a password as typed.
     *
     * @param text any text; the rules for new passwords are checked where one is set
     */
    public Password(String text) {
        // Normalising takes quadratic time at worst: a text that is far too long stays unchanged, and is rejected or
        // matches nothing.
        this.text = text.length() > 4 * MAX ? text : Normalizer.normalize(text, Normalizer.Form.NFKC);
    }

    /**
     * Checks the rules for a new password.
     *
     * @param email the user's address, null when it is not known
     * @throws BylineException.Invalid when it is too short, too long, common, or contains the part of the address
     *     before the @
     */
    public void requireAllowed(@Nullable String email) {
        var validation = new Validation();
        check(validation, email);
        validation.throwIfInvalid();
    }

    void check(Validation validation, @Nullable String email) {
        if (!validation.text("password", text, MIN, MAX)) {
            return;
        }
        var lower = text.toLowerCase(Locale.ROOT);
        validation.check(!COMMON.contains(lower), "password", "is too common: choose another one");
        var local = email == null ? "" : localPart(email);
        validation.check(
                local.length() < 3 || !lower.contains(local),
                "password",
                "must not contain the part of the e-mail address before the @");
    }

    private static String localPart(String email) {
        return Normalizer.normalize(email.substring(0, Math.max(0, email.indexOf('@'))), Normalizer.Form.NFKC)
                .toLowerCase(Locale.ROOT);
    }

    /** Returns whether it is short enough to be hashed: a longer one matches no user's password. */
    public boolean isBounded() {
        return text.length() <= 2 * MAX && Validation.isText(text);
    }

    /** Returns its UTF-8 bytes after normalisation (NFKC). */
    public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Set<String> common() {
        var list = Objects.requireNonNull(Password.class.getResourceAsStream("common-passwords.txt"));
        try (var reader = new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
            return reader.lines()
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.toLowerCase(Locale.ROOT))
                    .collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "****";
    }
}
