package dev.byline.model;

import java.util.Base64;
import java.util.regex.Pattern;

/**
 * The hash of a password from another system, for {@link ImportedPost}. {@link #toString} masks it. The next login
 * replaces it by a hash of Byline's own.
 *
 * <p>Two forms are accepted: argon2id as a PHC string ({@code $argon2id$v=19$m=65536,t=3,p=4$salt$hash}) of up to 64 MiB and 8 lanes, where memory times passes is at most 256 MiB, with a salt of 8 to 64 bytes and a hash of 16 to 64; and bcrypt ({@code $2a$}, {@code $2b$}
 * or {@code $2y$}) with a cost of 4 to 12. A login computes the hash with these parameters, two at a
 * time.
 *
 * @param text the hash
 * @see <a href="https://github.com/P-H-C/phc-string-format">PHC string format</a>
 */
public record PasswordHash(String text) {
    private static final int MAX_LENGTH = 300;

    /** What a login can compute well within its two seconds. */
    private static final int MAX_KIB_PASSES = 256 * 1024;

    private static final Pattern ARGON2ID = Pattern.compile(
            "\\$argon2id\\$v=19\\$m=([0-9]{1,6}),t=([0-9]{1,2}),p=([0-9])\\$([A-Za-z0-9+/]{11,86})\\$([A-Za-z0-9+/]{22,86})");
    private static final Pattern BCRYPT = Pattern.compile("\\$2[aby]\\$(0[4-9]|1[0-2])\\$[./A-Za-z0-9]{53}");

    /** @throws BylineException.Invalid when it has another form */
    public PasswordHash {
        var validation = new Validation();
        validation.check(
                text.length() <= MAX_LENGTH && (BCRYPT.matcher(text).matches() || isArgon2id(text)),
                "password_hash",
                "must be a PHC string of argon2id or a hash of bcrypt, within the documented limits");
        validation.throwIfInvalid();
    }

    private static boolean isArgon2id(String text) {
        var form = ARGON2ID.matcher(text);
        if (!form.matches()) {
            return false;
        }
        var kib = Integer.parseInt(form.group(1));
        var passes = Integer.parseInt(form.group(2));
        var lanes = Integer.parseInt(form.group(3));
        return lanes >= 1
                && lanes <= 8
                && kib >= 8 * lanes
                && kib <= 64 * 1024
                && passes >= 1
                && (long) kib * passes <= MAX_KIB_PASSES
                && isBetween(bytes(form.group(4)), 8, 64)
                && isBetween(bytes(form.group(5)), 16, 64);
    }

    private static boolean isBetween(int value, int min, int max) {
        return value >= min && value <= max;
    }

    private static int bytes(String base64) {
        try {
            return Base64.getDecoder().decode(base64).length;
        } catch (IllegalArgumentException e) {
            return 0;
        }
    }

    @Override
    public String toString() {
        return "****";
    }
}
