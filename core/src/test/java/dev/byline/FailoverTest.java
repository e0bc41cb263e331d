package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.cache.TestRedis;
import dev.byline.migrations.Await;
import dev.byline.migrations.TestPostgres;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.ReplicaStatus;
import dev.byline.model.Role;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;

/** A primary and a standby that is promoted while the primary still runs. */
@Timeout(60)
class FailoverTest {
    private static final Principal OPERATOR = new Principal.Operator();

    @TempDir
    private Path oldFolder;

    @TempDir
    private Path newFolder;

    private TestPostgres old;
    private TestPostgres replacement;
    private final AtomicInteger fenced = new AtomicInteger();
    private int number;

    @BeforeEach
    void start() throws SQLException {
        old = new TestPostgres(oldFolder);
        replacement = old.standby(newFolder);
    }

    @AfterEach
    void close() {
        old.thaw();
        replacement.close();
        old.close();
    }

    private Byline open(Duration fence) {
        return open(both(), fence, BylineConfig.Cache.OFF);
    }

    private String both() {
        return "localhost:" + old.port() + ",localhost:" + replacement.port();
    }

    private Byline open(String hosts, Duration fence, BylineConfig.Cache cache) {
        return Byline.open(config(hosts, fence).withCache(cache), new Metrics() {
            @Override
            public void connectionFenced() {
                fenced.incrementAndGet();
            }
        });
    }

    private static BylineConfig config(String hosts, Duration fence) {
        var url = "jdbc:postgresql://" + hosts
                + "/postgres?user=postgres&password=postgres&targetServerType=primary&hostRecheckSeconds=0"
                + "&loadBalanceHosts=true";
        var database = BylineConfig.Database.of(DatabaseUrl.parse(url))
                .withPoolSize(3)
                .withTimeouts(Duration.ofMillis(250), Duration.ofMillis(1500))
                .withFence(fence);
        return BylineConfig.of(url).withDatabase(database).withCache(BylineConfig.Cache.OFF);
    }

    /** Not the written position: commits are asynchronous in tests. */
    private void awaitReplay() throws Exception {
        var position = old.value("SELECT pg_current_wal_insert_lsn()");
        Await.until(() -> replacement
                .value("SELECT pg_last_wal_replay_lsn() >= '" + position + "'")
                .equals("t"));
    }

    /** Returns the name of a user that was created and acknowledged; empty if that failed. */
    private String create(Byline byline) {
        var email = "u" + ++number + "@example.com";
        try {
            byline.users().create(new Principal.Anonymous(), new NewUser(email, "N", Metadata.EMPTY));
            return email;
        } catch (BylineException.Unavailable e) {
            return "";
        }
    }

    private void promote() throws Exception {
        awaitReplay();
        old.freeze();
        replacement.run("SELECT pg_promote()");
    }

    private void endSessions(TestPostgres server) throws SQLException {
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'byline'");
    }

    @Test
    void whoHasSeenTheNewPrimaryNeverWritesToTheOldOne() throws Exception {
        try (var byline = open(Duration.ofMinutes(10))) {
            Await.until(() -> !create(byline).isEmpty());
            promote();
            Await.until(() -> !create(byline).isEmpty()); // on the new one: the control file has the old timeline still
            old.thaw();
            var acknowledged = new ArrayList<String>();
            for (int round = 0; round < 3; round++) {
                endSessions(replacement); // and each new session may lead to either
                for (int i = 0; i < 20; i++) {
                    var email = create(byline);
                    if (!email.isEmpty()) {
                        acknowledged.add(email);
                    }
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            }
            assertThat(acknowledged).isNotEmpty();
            for (var email : acknowledged) {
                assertThat(replacement.value("SELECT count(*) FROM byline.users WHERE email = '" + email + "'"))
                        .as(email)
                        .isEqualTo("1");
                assertThat(old.value("SELECT count(*) FROM byline.users WHERE email = '" + email + "'"))
                        .as(email)
                        .isEqualTo("0");
            }
            assertThat(fenced).hasPositiveValue();
        }
    }

    @Test
    void processesTellEachOtherThroughRedisOfTheNewPrimary() throws Exception {
        try (var redis = new TestRedis()) {
            var cache = BylineConfig.Cache.LOCAL.withRedis(redis.uri());
            var fence = Duration.ofMinutes(10);
            var onlyOld = "localhost:" + old.port();
            try (var a = open(both(), fence, cache);
                    var b = open(onlyOld, fence, cache)) {
                Await.until(() -> !create(a).isEmpty() && !create(b).isEmpty());
                forge(redis);
                TimeUnit.MILLISECONDS.sleep(500); // two heartbeats
                assertThat(create(b)).as("a forged timeline is ignored").isNotEmpty();
                promote();
                Await.until(() -> !create(a).isEmpty());
                old.thaw();
                Await.until(() -> create(b).isEmpty());
                for (int i = 0; i < 5; i++) {
                    assertThat(create(b)).isEmpty();
                }
                try (var c = open(onlyOld, fence, cache)) {
                    assertThat(create(c)).as("the first write of a new process").isEmpty();
                }
            }
        }
    }

    /** It is past the position of what is written next, but has something else there. */
    @Test
    void standbysThatReceivedMoreThanThePromotedOneServeNothing(@TempDir Path thirdFolder, @TempDir Path fourthFolder)
            throws Exception {
        try (var ahead = old.standby(thirdFolder);
                var paused = old.standby(fourthFolder)) {
            old.run(
                    "CREATE ROLE plain LOGIN PASSWORD 'plain'", // it may not see which timeline a standby receives
                    "GRANT USAGE ON SCHEMA byline TO plain",
                    "GRANT SELECT ON ALL TABLES IN SCHEMA byline TO plain");
            var hosts = "localhost:" + ahead.port() + ",localhost:" + paused.port();
            var readUrl = DatabaseUrl.parse("postgres://plain:plain@" + hosts + "/postgres");
            var readReplica = new BylineConfig.Replicas(readUrl, 2, Duration.ofSeconds(1), Duration.ZERO);
            try (var byline = Byline.open(config(both(), Duration.ofMinutes(10)).withReplicas(readReplica))) {
                Await.until(() -> !create(byline).isEmpty());
                var me = new Principal.Member(Long.parseLong(old.value("SELECT max(id) FROM byline.users")), Role.USER);
                Await.until(() -> byline.replicas().stream().allMatch(ReplicaStatus::usable));
                awaitReplay();
                paused.pauseReplay();
                replacement.freeze();
                old.run(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_replication ORDER BY backend_start LIMIT 1",
                        "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000))");
                Await.until(() -> ahead.value("SELECT pg_last_wal_replay_lsn() > '"
                                + old.value("SELECT pg_current_wal_insert_lsn() - 500000") + "'")
                        .equals("t"));
                Await.until(() -> paused.value("SELECT pg_last_wal_receive_lsn() > '"
                                + old.value("SELECT pg_current_wal_insert_lsn() - 500000") + "'")
                        .equals("t"));
                old.kill();
                replacement.thaw();
                replacement.run("SELECT pg_promote()");
                Await.until(() -> !create(byline).isEmpty());
                assertThat(ahead.value("SELECT pg_last_wal_replay_lsn() > '"
                                + replacement.value("SELECT pg_current_wal_insert_lsn() + 300000") + "'"))
                        .isEqualTo("t");
                for (int i = 0; i < 100; i++) { // longer than the position of the new primary is unknown
                    TimeUnit.MILLISECONDS.sleep(20);
                    if (i == 20) {
                        paused.run("SELECT pg_wal_replay_resume()"); // it replays what it has received
                    }
                    var post = post(byline, me.userId(), "own");
                    assertThat(byline.posts().byIds(me, Set.of(post.id())).items())
                            .hasSize(1);
                }
                replacement.run("SELECT pg_logical_emit_message(true, 'test', repeat('x', 2000000))");
                TimeUnit.MILLISECONDS.sleep(500);
                assertThat(byline.replicas()).noneMatch(ReplicaStatus::usable);
            } finally {
                old.restart();
            }
        }
    }

    /** Replaces each shared timeline by a greater one with an invalid signature. */
    private static void forge(TestRedis redis) throws Exception {
        try (var client = RedisClient.create(redis.uri())) {
            Await.until(() -> !client.keys("byline:timeline:*").isEmpty());
            for (var key : client.keys("byline:timeline:*")) {
                var value = client.get(key.getBytes(StandardCharsets.UTF_8));
                value[27] = 1;
                client.set(key.getBytes(StandardCharsets.UTF_8), value);
            }
        }
    }

    /** The standby had not received the lost post; its id is given again. */
    @Test
    void theVersionOfALostPostIsNotThatOfTheNextOne() throws Exception {
        try (var byline = open(Duration.ofMinutes(10))) {
            Await.until(() -> !create(byline).isEmpty());
            var author = Long.parseLong(old.value("SELECT max(id) FROM byline.users"));
            awaitReplay();
            replacement.run("SELECT pg_wal_replay_pause()");
            old.run("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
            replacement.freeze(); // receives nothing more
            var lost = post(byline, author, "lost");
            old.freeze();
            replacement.thaw();
            replacement.run("SELECT pg_promote(wait => false)");
            replacement.run("SELECT pg_wal_replay_resume()");
            Await.until(() -> replacement.value("SELECT pg_is_in_recovery()").equals("f"));
            replacement.run("SELECT setval(pg_get_serial_sequence('byline.posts', 'id'), " + lost.id() + ", false)");
            Await.until(() -> !create(byline).isEmpty());
            var next = post(byline, author, "next");

            assertThat(next.id()).isEqualTo(lost.id());
            assertThat(next.version()).isEqualTo(lost.version());
            var change = new PostChange("overwritten", null, null, null);
            var me = new Principal.Member(author, Role.USER);
            assertThatThrownBy(() -> byline.posts().change(me, next.id(), change, ExpectedVersion.of(lost)))
                    .isInstanceOf(BylineException.Stale.class);
            assertThat(byline.posts().get(me, next.id()).title()).isEqualTo("next");
        }
    }

    private static Post post(Byline byline, long author, String title) {
        return byline.posts()
                .create(OPERATOR, new NewPost(title, "", Metadata.EMPTY, PostStatus.PUBLISHED, author, null));
    }
}
