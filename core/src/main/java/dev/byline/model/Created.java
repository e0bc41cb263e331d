package dev.byline.model;

/**
 * What was created, now or by an earlier attempt with the same idempotency key.
 *
 * @param value as it was when it was created
 * @param replayed whether an earlier attempt created it
 * @param <T> what it is
 */
public record Created<T>(T value, boolean replayed) {}
