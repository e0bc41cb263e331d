package dev.byline.model;

/**
 * What a client calls one attempt to write, so that repeating it is safe. Keys of different callers and of different
 * operations have nothing to do with each other.
 *
 * @param value 1 to {@value #MAX} printable ASCII characters
 * @param origin what tells anonymous callers apart, such as their network address; ignored for others
 */
public record IdempotencyKey(String value, String origin) {
    /** The most characters of a key. */
    public static final int MAX = 255;

    /** @throws BylineException.Invalid when the value is too long, or has other characters */
    public IdempotencyKey {
        if (value.isEmpty() || value.length() > MAX || !value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw new BylineException.Invalid(
                    "Idempotency-Key", "must have 1 to " + MAX + " printable ASCII characters");
        }
    }
}
