package dev.byline.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.Byline;
import dev.byline.CoreTest;
import dev.byline.internal.sql.GinSql;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.User;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Deleted users are hidden at once; their rows are removed in batches within the statement timeout. */
class HousekeeperTest extends CoreTest {
    @Test
    void postsOfADeletedUserAreHiddenAtOnceAndThenRemoved() throws InterruptedException {
        var prolific = newUser();
        var other = newUser();
        var kept = newPost(other, "kept");
        database.run("INSERT INTO posts (user_id, title, body, published_at) SELECT " + prolific.id()
                + ", 'title', 'body', now() FROM generate_series(1, 100000)");
        var one = Long.parseLong(database.value("SELECT max(id) FROM posts WHERE user_id = " + prolific.id()));

        byline.users().delete(as(prolific), prolific.id());

        assertThat(byline.posts()
                        .feed(OPERATOR, PostFilter.NONE, PageRequest.first(100))
                        .items())
                .contains(kept)
                .noneMatch(post -> post.userId() == prolific.id());
        assertThat(byline.posts()
                        .feed(OPERATOR, new PostFilter(prolific.id()), PageRequest.first(100))
                        .items())
                .isEmpty();
        assertThat(byline.posts().byIds(OPERATOR, List.of(one)).items()).isEmpty();
        assertThatThrownBy(() -> byline.posts().get(OPERATOR, one)).isInstanceOf(BylineException.NotFound.class);
        assertThatThrownBy(() -> byline.posts().delete(OPERATOR, one)).isInstanceOf(BylineException.NotFound.class);
        assertThatThrownBy(() -> byline.posts().byAuthor(OPERATOR, prolific.id(), PageRequest.first(1)))
                .isInstanceOf(BylineException.NotFound.class);
        assertThatThrownBy(() -> byline.users().delete(as(prolific), prolific.id()))
                .isInstanceOf(BylineException.NotFound.class);
        byline.users().create(NOBODY, new NewUser(String.valueOf(prolific.email()), "again", Metadata.EMPTY));

        awaitNone("SELECT count(*) FROM users WHERE deleted_at IS NOT NULL");
        assertThat(database.value("SELECT count(*) FROM posts WHERE user_id = " + prolific.id()))
                .isEqualTo("0");
        assertThat(byline.posts().get(NOBODY, kept.id())).isEqualTo(kept);
    }

    @Test
    void postsOfTheMaximumLengthAreRemoved() throws InterruptedException {
        var user = newUser();
        database.run("INSERT INTO posts (user_id, title, body) SELECT " + user.id()
                + ", 'title', (SELECT string_agg(chr(19968 + (random() * 20000)::int), '')"
                + " FROM generate_series(1, 60000))"
                + " FROM generate_series(1, 40)");
        database.run("INSERT INTO posts (user_id, title, body) SELECT " + user.id() + ", 'title', repeat(body, 3)"
                + " FROM posts, generate_series(1, 6) WHERE user_id = " + user.id());

        byline.users().delete(as(user), user.id());

        assertThatThrownBy(() -> byline.users().get(OPERATOR, user.id())).isInstanceOf(BylineException.NotFound.class);
        awaitNone("SELECT count(*) FROM users WHERE deleted_at IS NOT NULL");
    }

    /** Never an error of another kind. */
    @Test
    void postsWrittenWhileTheirAuthorIsDeletedAreRefusedOrRemoved() throws Exception {
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (int round = 0; round < 40; round++) {
                var author = newUser();
                var writers = new ArrayList<Future<?>>();
                for (int i = 0; i < 3; i++) {
                    writers.add(threads.submit(() -> writeUntilGone(author)));
                }
                newPost(author, "first");
                byline.users().delete(as(author), author.id());
                for (var writer : writers) {
                    writer.get();
                }
            }
        }
        byline.users().delete(OPERATOR, newUser().id());
        awaitNone("SELECT count(*) FROM users WHERE deleted_at IS NOT NULL");
    }

    private void writeUntilGone(User author) {
        try {
            for (int i = 0; i < 1000; i++) {
                byline.posts().createAll(OPERATOR, List.of(post("meanwhile", PostStatus.PUBLISHED, author.id())));
            }
        } catch (BylineException.Invalid e) {
            assertThat(e.errors()).extracting(FieldError::field).containsExactly("/posts/0/user_id");
        }
    }

    @Test
    void usersLeftBehindByAnotherProcessAreRemoved() throws InterruptedException {
        var user = newUser();
        newPost(user, "left behind");
        database.run("UPDATE users SET deleted_at = now() WHERE id = " + user.id());
        var busy = newUser();
        database.run("INSERT INTO posts (user_id, title, body) SELECT " + busy.id()
                + ", 'title', 'body' FROM generate_series(1, 1500)");

        try (var another = Byline.builder().dataSource(database.dataSource())) {
            another.users().delete(OPERATOR, busy.id()); // starts a round, which removes both

            awaitNone("SELECT count(*) FROM users WHERE deleted_at IS NOT NULL");
        }
    }

    @Test
    void aUserWhoCannotBeRemovedDoesNotBlockOthers() throws InterruptedException {
        var stuck = newUser();
        database.run("UPDATE users SET deleted_at = now() WHERE id = " + stuck.id());
        database.run("CREATE TABLE orders (user_id bigint REFERENCES users)");
        database.run("INSERT INTO orders VALUES (" + stuck.id() + ")");
        var later = newUser();
        database.run("INSERT INTO posts (user_id, title, body) SELECT " + later.id()
                + ", 'title', 'body' FROM generate_series(1, 500)");
        try {
            byline.users().delete(OPERATOR, later.id());

            awaitNone("SELECT count(*) FROM users WHERE id = " + later.id());
        } finally {
            database.run("DROP TABLE orders");
            database.run("DELETE FROM users WHERE id = " + stuck.id());
        }
    }

    @Test
    void onlyTheOwnerCleansTheSearchIndexes() {
        database.run("INSERT INTO posts (user_id, title, body) SELECT "
                + newUser().id() + ", 'title', 'body ' || i FROM generate_series(1, 100) i");
        try (var owner = open(database.url())) {
            assertThat(owner.read(GinSql::cleanPendingLists)).isNotEmpty().containsOnly(true);
        }
        database.run("CREATE ROLE byline_guest LOGIN PASSWORD 'guest'; GRANT USAGE ON SCHEMA byline TO byline_guest");
        try (var guest = open(database.url().replaceFirst("//[^@]*@", "//byline_guest:guest@"))) {
            assertThat(guest.read(GinSql::cleanPendingLists)).isNotEmpty().containsOnly(false);
        } finally {
            database.run("DROP OWNED BY byline_guest; DROP ROLE byline_guest");
        }
    }

    private static Database open(String url) {
        return Database.open(BylineConfig.of(url).database(), Metrics.NONE);
    }

    private void awaitNone(String count) throws InterruptedException {
        var end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!database.value(count).equals("0")) {
            assertThat(System.nanoTime()).as("still there: %s", count).isLessThan(end);
            Thread.sleep(20);
        }
    }

    @Test
    void snapshotsOlderThanADayAreRemovedInBatches() {
        var unused = byline.posts()
                .create(as(newUser()), post("fresh", PostStatus.PUBLISHED, null), new IdempotencyKey("fresh", ""));
        var fresh = Long.parseLong(database.value("SELECT count(*) FROM idempotency_keys"));
        database.run("INSERT INTO idempotency_keys (hash, fingerprint, user_ids, answer, created_at)"
                + " SELECT sha256(n::text::bytea),"
                + " sha256(''), '{}', '', now() - interval '24 hours' FROM generate_series(1, 450) AS n");
        try (var other = Database.on(database.dataSource(), BylineConfig.Database.SCHEMA, Metrics.NONE)) {
            Idempotency.removeExpired(other, () -> true); // stopping: no batch is started
            assertThat(database.value("SELECT count(*) FROM idempotency_keys")).isEqualTo(Long.toString(450 + fresh));
            Idempotency.removeExpired(other, () -> false);
        }
        assertThat(database.value("SELECT count(*) FROM idempotency_keys")).isEqualTo(Long.toString(fresh));
    }
}
