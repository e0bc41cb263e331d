package dev.byline.model;

/**
 * The result of a creation, by this request or by an earlier one with the same idempotency key.
 *
 * @param value as it was when it was created
 * @param replayed whether an earlier request created it
 * @param <T> what was created
 */
public record Created<T>(T value, boolean replayed) {}
