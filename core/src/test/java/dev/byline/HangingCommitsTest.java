package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.Await;
import dev.byline.migrations.TestPostgres;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.UserFilter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A primary whose commits wait for a synchronous standby that isn't there. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class HangingCommitsTest {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final int POOL = 5;

    @TempDir
    private static Path folder;

    private TestPostgres postgres;
    private final AtomicInteger emails = new AtomicInteger();
    private final AtomicReference<Boolean> suspended = new AtomicReference<>(false);

    @BeforeAll
    void start() throws SQLException {
        postgres = new TestPostgres(folder);
        run("ALTER DATABASE postgres SET synchronous_commit = on"); // off in tests
    }

    @AfterEach
    void serve() throws SQLException {
        standbys("");
    }

    @AfterAll
    void close() {
        postgres.close();
    }

    private void standbys(String names) throws SQLException {
        run("ALTER SYSTEM SET synchronous_standby_names = '" + names + "'");
        run("SELECT pg_reload_conf()");
    }

    private void run(String sql) throws SQLException {
        postgres.run("SET synchronous_commit = local", sql);
    }

    /** Makes all later commits wait. */
    private void hang() throws Exception {
        standbys("missing_standby");
        Await.until(() -> postgres.value("SHOW synchronous_standby_names").equals("missing_standby"));
    }

    /** Returns how many sessions wait for a standby. */
    private int waiting() throws SQLException {
        return Integer.parseInt(postgres.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"));
    }

    private Byline open(boolean pgBouncer) {
        suspended.set(false);
        var database = BylineConfig.Database.of(DatabaseUrl.parse(postgres.url()))
                .withPoolSize(POOL)
                .withSchema(BylineConfig.Database.SCHEMA)
                .withPgBouncer(pgBouncer);
        var config = new BylineConfig(
                database,
                Duration.ofDays(1),
                true,
                BylineConfig.Cache.OFF,
                BylineConfig.Imports.PUBLIC,
                BylineConfig.Replicas.NONE);
        return Byline.open(config, new Metrics() {
            @Override
            public void writesSuspended(boolean now) {
                suspended.set(now);
            }
        });
    }

    private void create(Byline byline) {
        var email = "u" + emails.incrementAndGet() + "@example.com";
        byline.users().create(NOBODY, new NewUser(email, "N", Metadata.EMPTY));
    }

    private static void awaitReady(Byline byline) throws InterruptedException {
        for (int attempt = 0; attempt < 100; attempt++) {
            try {
                if (byline.serverFacts() != null) {
                    return;
                }
            } catch (BylineException.Unavailable e) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    private static boolean succeeds(Runnable work) {
        try {
            work.run();
            return true;
        } catch (BylineException.Unavailable e) {
            return false;
        }
    }

    @Test
    void readsGoOnAndFewSessionsAreAbandoned() throws Exception {
        try (var byline = open(false);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            awaitReady(byline);
            create(byline);
            hang();
            List<CompletableFuture<Boolean>> writes = new ArrayList<>();
            List<CompletableFuture<Boolean>> reads = new ArrayList<>();
            for (int i = 0; i < 150; i++) { // 5 seconds: 30 writes and 60 reads per second
                writes.add(CompletableFuture.supplyAsync(() -> succeeds(() -> create(byline)), threads));
                for (int j = 0; j < 2; j++) {
                    reads.add(CompletableFuture.supplyAsync(
                            () -> succeeds(() -> byline.users().list(NOBODY, UserFilter.NONE, PageRequest.first(20))),
                            threads));
                }
                TimeUnit.MILLISECONDS.sleep(33);
            }
            assertThat(reads).allSatisfy(read -> assertThat(read.get()).isTrue());
            assertThat(writes).allSatisfy(write -> assertThat(write.get()).isFalse());
            assertThat(waiting()).isLessThanOrEqualTo(POOL); // those of the first writes, and a probe
            assertThat(suspended).hasValue(true);

            standbys("");
            Await.until(() -> succeeds(() -> create(byline)));
            assertThat(suspended).hasValue(false);
        }
    }

    /** A cancelled wait for a standby is a commit that isn't replicated. */
    @Test
    void throughPgBouncerNothingIsAcknowledgedThatIsNotReplicated() throws Exception {
        try (var byline = open(true)) {
            awaitReady(byline);
            create(byline);
            hang();
            var author = Long.parseLong(postgres.value("SELECT max(id) FROM byline.users"));
            var post = new NewPost("t", "", Metadata.EMPTY, PostStatus.PUBLISHED, author, null); // one statement
            assertThatThrownBy(() -> byline.posts().create(new Principal.Operator(), post))
                    .isInstanceOfSatisfying(
                            BylineException.Unavailable.class,
                            e -> assertThat(e.mayHaveHappened()).isTrue());
            assertThat(waiting()).isPositive(); // not cancelled
        }
    }

    /** An operator cancels the wait: PostgreSQL reports success, with a warning. */
    @Test
    void aCancelledWaitIsNotACommit() throws Exception {
        try (var byline = open(false);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            awaitReady(byline);
            create(byline);
            hang();
            var author = Long.parseLong(postgres.value("SELECT max(id) FROM byline.users"));
            var post = new NewPost("t", "", Metadata.EMPTY, PostStatus.PUBLISHED, author, null);
            List<Runnable> writes = List.of(
                    () -> create(byline), // a transaction
                    () -> byline.posts().create(new Principal.Operator(), post)); // auto-commit
            for (var write : writes) {
                var outcome = CompletableFuture.supplyAsync(() -> succeeds(write), threads);
                Await.until(() -> {
                    run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
                    return outcome.isDone();
                });
                assertThat(outcome.get()).as("%d", writes.indexOf(write)).isFalse();
            }
            assertThat(suspended).hasValue(false); // both were answered
        }
    }
}
