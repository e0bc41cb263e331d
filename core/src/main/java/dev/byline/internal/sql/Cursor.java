package dev.byline.internal.sql;

import dev.byline.model.BylineException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.zip.CRC32C;

/**
 * A position in a list ordered by time, newest first; ids break ties.
 *
 * <p>Clients see it as 28 characters of base64url: a version byte, a checksum over the list's name and the position,
 * the time in microseconds since 1970, the id. The checksum ties the cursor to its list: a cursor of another list is
 * rejected instead of returning wrong rows. It needs no secret, because a cursor grants no access: a forged one returns
 * a page that the client may read anyway.
 *
 * @param time in whole microseconds, like the database's
 * @param id the row's id
 */
public record Cursor(Instant time, long id) {
    /** Times of rows are within these limits. PostgreSQL rejects times far beyond. */
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

    private static final byte VERSION = 1;
    private static final int BYTES = 1 + Integer.BYTES + Long.BYTES + Long.BYTES;
    private static final int LENGTH = 28;

    /**
     * Encodes the position for clients.
     *
     * @param list name of the list, including its filters
     */
    public String encode(String list) {
        var micros = ChronoUnit.MICROS.between(Instant.EPOCH, time);
        var bytes = ByteBuffer.allocate(BYTES)
                .put(VERSION)
                .putInt(checksum(list, micros, id))
                .putLong(micros)
                .putLong(id);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /**
     * Decodes a position.
     *
     * @param text the cursor that a client sent
     * @param list name of the requested list, as in {@link #encode}
     * @throws BylineException.BadCursor when {@link #encode} didn't return this text for this list
     */
    public static Cursor decode(String text, String list) {
        if (text.length() != LENGTH) {
            throw new BylineException.BadCursor();
        }
        try {
            var bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
            if (bytes.remaining() != BYTES || bytes.get() != VERSION) {
                throw new BylineException.BadCursor();
            }
            var checksum = bytes.getInt();
            var micros = bytes.getLong();
            var id = bytes.getLong();
            if (checksum != checksum(list, micros, id)) {
                throw new BylineException.BadCursor();
            }
            var time = Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
            if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
                throw new BylineException.BadCursor();
            }
            return new Cursor(time, id);
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw new BylineException.BadCursor();
        }
    }

    private static int checksum(String list, long micros, long id) {
        var crc = new CRC32C();
        crc.update(list.getBytes(StandardCharsets.UTF_8));
        crc.update(
                ByteBuffer.allocate(Long.BYTES * 2).putLong(micros).putLong(id).flip());
        return (int) crc.getValue();
    }
}
