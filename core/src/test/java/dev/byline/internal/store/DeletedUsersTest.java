package dev.byline.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.byline.CoreTest;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.User;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Users whose rows cannot be removed do not block others; each is logged once and retried every hour. */
class DeletedUsersTest extends CoreTest {
    private static final String MARKED = "SELECT count(*) FROM users WHERE deleted_at IS NOT NULL";

    private final Database statements = Database.open(
            BylineConfig.of(database.url()).database().withTimeouts(Duration.ofSeconds(1), Duration.ofMillis(250)),
            Metrics.NONE);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final DeletedUsers deletedUsers = new DeletedUsers(statements, () -> now);

    DeletedUsersTest() {
        leaks.watch(() -> statements.poolStatus().orElseThrow().active());
    }

    @BeforeEach
    void listen() {
        log.list.clear();
        log.start();
        ((Logger) LoggerFactory.getLogger(DeletedUsers.class)).addAppender(log);
    }

    @AfterEach
    void stopListening() {
        ((Logger) LoggerFactory.getLogger(DeletedUsers.class)).detachAppender(log);
    }

    @AfterAll
    void closeStatements() {
        statements.close();
    }

    private void remove() {
        deletedUsers.remove(() -> false);
    }

    private User newMarkedUser() {
        var user = newUser();
        newPost(user, "a post");
        database.run("UPDATE users SET deleted_at = now() WHERE id = " + user.id());
        return user;
    }

    private String count(User user) {
        return database.value("SELECT count(*) FROM users WHERE id = " + user.id());
    }

    @Test
    void usersReferencedByAHostTableDoNotBlockOthers() {
        database.run("CREATE TABLE orders (user_id bigint CONSTRAINT orders_fkey REFERENCES users)");
        database.run("INSERT INTO users (email, name, deleted_at) SELECT 'o' || i || '@example.com', 'O', now()"
                + " FROM generate_series(1, 150) AS i");
        database.run("INSERT INTO orders SELECT id FROM users WHERE deleted_at IS NOT NULL");
        var last = newMarkedUser();
        try {
            remove();
            assertThat(count(last)).isEqualTo("0");
            assertThat(database.value(MARKED)).isEqualTo("150");
            assertThat(log.list)
                    .hasSize(150)
                    .allSatisfy(line -> assertThat(line.getFormattedMessage())
                            .contains(
                                    "is deleted, but their rows cannot be removed",
                                    "constraint orders_fkey, table orders"));

            var next = newMarkedUser();
            now = now.plus(DeletedUsers.RETRY_INTERVAL.minusSeconds(1));
            database.run("DELETE FROM orders WHERE user_id < (SELECT max(user_id) FROM orders)");
            remove();
            assertThat(count(next)).isEqualTo("0");
            assertThat(database.value(MARKED)).isEqualTo("150");

            now = now.plusSeconds(1);
            remove();
            remove();
            assertThat(database.value(MARKED)).isEqualTo("1");
            assertThat(log.list).hasSize(150);
        } finally {
            database.run("DROP TABLE orders");
        }
        now = now.plus(DeletedUsers.RETRY_INTERVAL);
        remove();
        assertThat(database.value(MARKED)).isEqualTo("0");
    }

    @Test
    void aPostReferencedByAHostTableDoesNotBlockOthers() {
        database.run("CREATE TABLE comments (post_id bigint REFERENCES posts)");
        var first = newUser();
        database.run("INSERT INTO posts (user_id, title, body) SELECT " + first.id()
                + ", 'title', 'body' FROM generate_series(1, 500)");
        database.run("INSERT INTO comments SELECT max(id) FROM posts WHERE user_id = " + first.id());
        database.run("UPDATE users SET deleted_at = now() WHERE id = " + first.id());
        var last = newMarkedUser();
        try {
            remove();
            remove();
            assertThat(count(first)).isEqualTo("1");
            assertThat(count(last)).isEqualTo("0");
            assertThat(log.list).hasSize(1);
        } finally {
            database.run("DROP TABLE comments");
        }
        now = now.plus(DeletedUsers.RETRY_INTERVAL);
        remove();
        assertThat(database.value(MARKED)).isEqualTo("0");
    }

    @Test
    void aTriggerThatRefusesOrTimesOutDoesNotBlockOthers() {
        var refused = newMarkedUser();
        var slow = newMarkedUser();
        var last = newMarkedUser();
        database.run("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.user_id = " + slow.id()
                + " THEN PERFORM pg_sleep(2); ELSIF OLD.user_id = " + refused.id()
                + " THEN RAISE EXCEPTION 'secret'; END IF; RETURN OLD; END $$");
        database.run("CREATE TRIGGER keep BEFORE DELETE ON posts FOR EACH ROW EXECUTE FUNCTION keep()");
        try {
            remove();
            assertThat(count(refused)).isEqualTo("1");
            assertThat(count(slow)).isEqualTo("1");
            assertThat(count(last)).isEqualTo("0");
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anyMatch(line -> line.contains("SQLSTATE P0001") && line.contains("keep()"))
                    .noneMatch(line -> line.contains("secret"));
        } finally {
            database.run("DROP TRIGGER keep ON posts");
            database.run("DROP FUNCTION keep()");
        }
        now = now.plus(DeletedUsers.RETRY_INTERVAL);
        remove();
        assertThat(database.value(MARKED)).isEqualTo("0");
    }

    @Test
    void anUnreachableDatabaseEndsTheRound() {
        try (var away = Database.open(
                BylineConfig.of("postgres://nobody:x@127.0.0.1:1/nothing").database(), Metrics.NONE)) {
            assertThatThrownBy(() -> new DeletedUsers(away, () -> now).remove(() -> false))
                    .isInstanceOf(BylineException.Unavailable.class);
        }
    }
}
