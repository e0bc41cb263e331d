package dev.byline.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.model.BylineException;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CursorTest {
    private static final Cursor CURSOR = new Cursor(Instant.parse("2026-11-22T10:00:00.123456Z"), 42);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0001-01-01T00:00:00Z",
                "1969-12-31T23:59:59.999999Z",
                "2026-11-22T10:00:00.123456Z",
                "9999-12-31T23:59:59.999999Z"
            })
    void decodesWhatWasEncoded(String time) {
        var cursor = new Cursor(Instant.parse(time), Long.MAX_VALUE);

        assertThat(Cursor.decode(cursor.encode("posts"), "posts")).isEqualTo(cursor);
    }

    @Test
    void aCursorOfAnotherListIsRejected() {
        assertThatThrownBy(() -> Cursor.decode(CURSOR.encode("users/1/posts"), "users/2/posts"))
                .isInstanceOf(BylineException.BadCursor.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "null", "=", "%", "abc", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "\u0000", "é"})
    void garbageIsRejected(String text) {
        assertThatThrownBy(() -> Cursor.decode(text, "posts")).isInstanceOf(BylineException.BadCursor.class);
    }

    /** A forged checksum doesn't let a time through that PostgreSQL would reject. */
    @Test
    void aTimeBeyondTheLimitsIsRejected() {
        for (var time : new String[] {"-4713-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "+10000-01-01T00:00:00Z"}) {
            var forged = new Cursor(Instant.parse(time), 1).encode("posts");
            assertThatThrownBy(() -> Cursor.decode(forged, "posts")).isInstanceOf(BylineException.BadCursor.class);
        }
    }

    @Test
    void aChangedCharacterIsRejected() {
        var text = CURSOR.encode("posts");
        for (int i = 0; i < text.length(); i++) {
            var changed = text.substring(0, i) + (text.charAt(i) == 'A' ? 'B' : 'A') + text.substring(i + 1);
            assertThatThrownBy(() -> Cursor.decode(changed, "posts")).isInstanceOf(BylineException.BadCursor.class);
        }
    }

    @Test
    void randomTextIsRejected() {
        var random = new Random(42);
        for (int i = 0; i < 10_000; i++) {
            var text = new StringBuilder();
            for (int n = random.nextInt(40); n > 0; n--) {
                text.append((char) (33 + random.nextInt(94)));
            }
            assertThatThrownBy(() -> Cursor.decode(text.toString(), "posts"))
                    .isInstanceOf(BylineException.BadCursor.class);
        }
    }
}
