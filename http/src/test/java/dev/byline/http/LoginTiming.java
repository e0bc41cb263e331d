package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Prints how long a login takes for a known email, an unknown one and a user without a password, 500 interleaved tries
 * each. Not part of the suite: {@code mvn -pl http -am test -Dtest=LoginTiming -Dsurefire.failIfNoSpecifiedTests=false}
 */
class LoginTiming extends ServerTest {
    private static final int TRIES = 500;

    @Test
    void printLoginTimes() {
        post("/users", """
                {"email":"known@example.com","name":"K","password":"correct horse battery"}""");
        post("/users", """
                {"email":"nopass@example.com","name":"N"}""");
        var emails = List.of("known@example.com", "unknown@example.com", "nopass@example.com");
        var times = List.of(new ArrayList<Long>(), new ArrayList<Long>(), new ArrayList<Long>());
        for (int i = -50; i < TRIES; i++) {
            for (int turn = 0; turn < emails.size(); turn++) {
                var which = Math.floorMod(i + turn, emails.size()); // no email is always the first
                var start = System.nanoTime();
                var answer = post("/tokens", """
                        {"email":"%s","password":"not the right one"}""".formatted(emails.get(which)));
                var took = System.nanoTime() - start;
                assertThat(answer.status()).isEqualTo(401);
                if (i >= 0) {
                    times.get(which).add(took);
                }
            }
        }
        for (int which = 0; which < emails.size(); which++) {
            Collections.sort(times.get(which));
            System.out.printf(
                    Locale.ROOT,
                    "%-20s median %.3f ms, quartiles %.3f to %.3f ms%n",
                    emails.get(which),
                    times.get(which).get(TRIES / 2) / 1e6,
                    times.get(which).get(TRIES / 4) / 1e6,
                    times.get(which).get(TRIES * 3 / 4) / 1e6);
        }
    }
}
