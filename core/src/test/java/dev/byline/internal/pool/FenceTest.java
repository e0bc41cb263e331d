package dev.byline.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.TestPostgres;
import dev.byline.model.Metrics;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server, and a standby of it that was promoted. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class FenceTest {
    @TempDir
    private static Path oldFolder;

    @TempDir
    private static Path newFolder;

    private TestPostgres oldServer;
    private TestPostgres newServer;
    private long now = Duration.ofDays(1).toNanos();
    private long answeredAt;
    private final AtomicInteger fenced = new AtomicInteger();
    private final AtomicInteger risen = new AtomicInteger();

    @BeforeAll
    void start() throws SQLException {
        oldServer = new TestPostgres(oldFolder);
        newServer = oldServer.standby(newFolder);
        newServer.run("SELECT pg_promote()");
    }

    @AfterAll
    void close() {
        newServer.close();
        oldServer.close();
    }

    private Fence fence() {
        fenced.set(0);
        risen.set(0);
        answeredAt = 0;
        var metrics = new Metrics() {
            @Override
            public void connectionFenced() {
                fenced.incrementAndGet();
            }
        };
        return new Fence(Duration.ofMinutes(10), metrics, () -> answeredAt, risen::incrementAndGet, () -> now);
    }

    private static void check(Fence fence, TestPostgres server) throws SQLException {
        try (Connection connection = server.dataSource().getConnection()) {
            fence.check(connection);
        }
    }

    private void assertOldIsRefused(Fence fence) {
        assertThatThrownBy(() -> check(fence, oldServer))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("timeline 1");
    }

    @Test
    void anOlderTimelineIsRefused() throws SQLException {
        var fence = fence();
        check(fence, oldServer);
        assertThat(risen).hasValue(0);
        check(fence, newServer);
        assertThat(risen).hasValue(1);
        assertThat(fence.generation()).isEqualTo(1);
        assertOldIsRefused(fence);
        check(fence, newServer);
        assertThat(fenced).hasValue(1);
        assertThat(fence.generation()).isEqualTo(1);
    }

    @Test
    void aTimelineIsRememberedWhileItsServerAnswers() throws SQLException {
        var fence = fence();
        check(fence, newServer);
        now += Duration.ofMinutes(30).toNanos();
        answeredAt = now - Duration.ofMinutes(1).toNanos(); // connections live longer than the fence
        assertOldIsRefused(fence);
        now += Duration.ofMinutes(11).toNanos();
        check(fence, oldServer);
    }

    @Test
    void aServerThatDoesNotTellIsAccepted() throws SQLException {
        var fence = fence();
        newServer.run(
                "CREATE ROLE plain LOGIN PASSWORD 'plain'",
                "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        var plain = newServer.dataSource();
        plain.setUser("plain");
        plain.setPassword("plain");
        try (var connection = plain.getConnection()) {
            assertThatCode(() -> fence.check(connection)).doesNotThrowAnyException();
        } finally {
            newServer.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC");
        }
    }

    /** For example XX000, while another process writes the file that pg_control_system reads. */
    @Test
    void anErrorOfAServerThatToldBeforeIsNotTakenForAMissingFunction() throws SQLException {
        var fence = fence();
        check(fence, newServer);
        newServer.run("CREATE SCHEMA failing", """
                CREATE FUNCTION failing.pg_control_system(OUT system_identifier bigint) LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'calculated CRC checksum does not match' USING ERRCODE = 'XX000'; END$$
                """);
        var failing = newServer.dataSource();
        failing.setCurrentSchema("failing, pg_catalog");
        try (var connection = failing.getConnection()) {
            assertThatThrownBy(() -> fence.check(connection)).hasMessageContaining("CRC");
        }
        assertOldIsRefused(fence);
    }

    @Test
    void whatOthersHaveSeenIsAskedAlsoAfterATimelineWasForgotten() throws SQLException {
        var fence = fence();
        fence.share(new Fence.Sharing() {
            @Override
            public Fence.Seen exchange(long system, long timeline, Duration age) {
                return new Fence.Seen(2, Duration.ofSeconds(1));
            }

            @Override
            public void prepare() {}
        });
        check(fence, oldServer);
        now += Duration.ofMinutes(11).toNanos(); // nothing was asked meanwhile: its connections are still open
        fence.exchange();
        assertThat(risen).hasValue(1);
        assertOldIsRefused(fence);
    }

    @Test
    void concurrentFirstWritesWaitUntilTheOthersWereAsked() throws Exception {
        var fence = fence();
        var asking = new CountDownLatch(1);
        var answer = new CompletableFuture<Void>();
        fence.share(new Fence.Sharing() {
            @Override
            public Fence.@Nullable Seen exchange(long system, long timeline, Duration age) {
                return null;
            }

            @Override
            public void prepare() {
                if (asking.getCount() > 0) {
                    asking.countDown();
                    answer.join();
                }
            }
        });
        check(fence, oldServer);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = threads.submit(fence::beforeWrite);
            asking.await();
            var second = threads.submit(fence::beforeWrite);
            try {
                assertThatThrownBy(() -> second.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            } finally {
                answer.complete(null);
            }
            first.get();
            second.get();
        }
    }

    @Test
    void aBrokenConnectionIsNotAccepted() throws SQLException {
        var fence = fence();
        var connection = newServer.dataSource().getConnection();
        connection.close();
        assertThatThrownBy(() -> fence.check(connection)).isInstanceOf(SQLException.class);
    }
}
