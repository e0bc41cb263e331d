package dev.byline.idempotency;

/**
 * The answer to a write, of now or of an earlier attempt.
 *
 * @param answer what {@link Once#answer()} made then
 * @param replayed whether an earlier attempt did it
 */
@SuppressWarnings("ArrayRecordComponent") // a buffer on its way out: never compared, never kept
public record Reply(byte[] answer, boolean replayed) {}
