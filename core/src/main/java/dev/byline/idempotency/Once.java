package dev.byline.idempotency;

import java.util.function.Function;

/**
 * Asks for something to be written once, however often it is asked for.
 *
 * @param key what the caller calls this attempt
 * @param answer makes the bytes that are kept as the answer; runs inside the transaction, so it must be quick and may not
 *     call out
 * @param <T> what is written
 */
public record Once<T>(IdempotencyKey key, Function<? super T, byte[]> answer) {}
