package dev.byline.model;

/**
 * A client's name for one write, which makes retries safe. Keys of different callers and of different operations are
 * independent.
 *
 * @param value 1 to {@value #MAX} printable ASCII characters
 * @param origin distinguishes anonymous callers, such as their network address; ignored for others
 */
public record IdempotencyKey(String value, String origin) {
    /** The most characters of a key. */
    public static final int MAX = 255;

    /** @throws BylineException.Invalid when the value is empty, too long, or has other characters */
    public IdempotencyKey {
        if (value.isEmpty() || value.length() > MAX || !value.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw new BylineException.Invalid(
                    "Idempotency-Key", "must have 1 to " + MAX + " printable ASCII characters");
        }
    }
}
