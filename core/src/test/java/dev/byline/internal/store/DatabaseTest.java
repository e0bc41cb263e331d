package dev.byline.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.byline.Byline;
import dev.byline.CoreTest;
import dev.byline.internal.pool.SlowStatements;
import dev.byline.internal.sql.ServerFactsSql;
import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Metrics;
import dev.byline.model.Principal;
import dev.byline.model.ServerFacts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowingConsumer;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class DatabaseTest extends CoreTest {
    private static void withDatabase(BylineConfig.Database config, ThrowingConsumer<Database> test) {
        withDatabase(config, Metrics.NONE, test);
    }

    /** Opens a pool, runs a test, checks that it released its connections, and closes the pool. */
    private static void withDatabase(BylineConfig.Database config, Metrics metrics, ThrowingConsumer<Database> test) {
        try (var db = Database.open(config, metrics)) {
            test.accept(db);
            LeakCheck.assertReleased(() -> db.poolStatus().orElseThrow().active());
        }
    }

    private BylineConfig.Database config() {
        return BylineConfig.of(database.url()).database();
    }

    @Test
    void aStatementThatTakesTooLongIsUnavailable() {
        var shortTimeouts = config().withPoolSize(1).withTimeouts(Duration.ofSeconds(1), Duration.ofMillis(50));
        withDatabase(shortTimeouts, db -> {
            assertThatThrownBy(() -> db.read(dsl -> dsl.fetchValue("select pg_sleep(5)::text")))
                    .isInstanceOf(BylineException.Unavailable.class);
            Object one = db.read(dsl -> dsl.fetchValue("select 1"));
            assertThat(one).isEqualTo(1);
        });
    }

    @Test
    void anExhaustedPoolIsUnavailable() {
        var small = config().withPoolSize(1).withTimeouts(Duration.ofMillis(250), Duration.ofMillis(1500));
        withDatabase(small, db -> {
            db.write(dsl -> {
                assertThatThrownBy(() -> db.read(other -> other.fetchValue("select 1")))
                        .isInstanceOf(BylineException.Unavailable.class);
                return dsl.fetchValue("select 1");
            });
        });
    }

    @Test
    void anUnreachableDatabaseIsUnavailable() {
        try (var away = Byline.open(BylineConfig.of("postgres://nobody:x@127.0.0.1:1/nothing"))) {
            assertThatThrownBy(() -> away.users().get(new Principal.Operator(), 1))
                    .isInstanceOf(BylineException.Unavailable.class)
                    .hasMessageNotContaining("127.0.0.1");
        }
    }

    @Test
    void aMissingSchemaIsUnavailable() {
        try (var empty = TestDatabase.empty();
                var byline = Byline.open(BylineConfig.of(empty.url()))) {
            assertThatThrownBy(() -> byline.users().get(new Principal.Operator(), 1))
                    .isInstanceOf(BylineException.Unavailable.class);
        }
    }

    @Test
    void anExceptionOfTheCallbackRollsBack() {
        withDatabase(config(), db -> {
            assertThatThrownBy(() -> db.write(dsl -> {
                        dsl.execute("insert into byline.users (email, name) values ('rolled@back', 'x')");
                        throw new BylineException.Conflict(ConflictReason.EMAIL_TAKEN, "no");
                    }))
                    .isInstanceOf(BylineException.Conflict.class);
            assertThat(database.value("SELECT count(*) FROM users WHERE email = 'rolled@back'"))
                    .isEqualTo("0");
        });
    }

    @Test
    void anErrorInAStatementIsNoBylineException() {
        withDatabase(config(), db -> {
            assertThatThrownBy(() -> db.read(dsl -> dsl.select(DSL.field("1/0")).fetch()))
                    .isNotInstanceOf(BylineException.class);
        });
    }

    @Test
    void theCallersPoolStaysOpen() {
        var dataSource = new com.zaxxer.hikari.HikariDataSource();
        try (dataSource) {
            dataSource.setJdbcUrl(config().url().jdbcUrl());
            dataSource.setDataSourceProperties(config().url().credentials());
            Byline.builder().dataSource(dataSource).close();

            assertThat(dataSource.isClosed()).isFalse();
        }
    }

    @Test
    void anotherEncodingOrAnOldServerIsAFault() {
        assertThat(new ServerFacts(18, "UTF8", 100, false).faults()).isEmpty();
        assertThat(new ServerFacts(14, "LATIN1", 100, false).faults()).hasSize(2);
    }

    @Test
    void aReadOnlyConnectionIsReplacedAfterAFailover() {
        try (var own = TestDatabase.migrated()) {
            withDatabase(BylineConfig.of(own.url()).database().withPoolSize(1), db -> {
                var name = own.value("SELECT current_database()");
                own.run("ALTER DATABASE " + name + " SET default_transaction_read_only = on");
                Object readable = db.read(dsl -> dsl.fetchValue("select 1"));
                assertThat(readable).isEqualTo(1);
                database.run("ALTER DATABASE " + name + " RESET default_transaction_read_only");

                assertThatThrownBy(() -> insert(db)).isInstanceOf(BylineException.Unavailable.class);
                assertThat(insert(db)).isEqualTo(1);
            });
        }
    }

    private static int insert(Database db) {
        return db.write(dsl -> dsl.execute("insert into byline.users (email, name) values ('a@example.com', 'x')"));
    }

    @Test
    void aTerminatedConnectionIsReplaced() {
        withDatabase(config().withPoolSize(1), db -> {
            Object first = db.read(dsl -> dsl.fetchValue("select pg_backend_pid()"));
            database.run("SELECT pg_terminate_backend(" + first + ")");

            assertThatThrownBy(() -> db.read(dsl -> dsl.fetchValue("select 1")))
                    .isInstanceOf(BylineException.Unavailable.class);
            Object second = db.read(dsl -> dsl.fetchValue("select pg_backend_pid()"));
            assertThat(second).isNotEqualTo(first);
        });
    }

    @Test
    void waitAndHoldTimesAreReported() {
        var reported = new ArrayList<String>();
        var metrics = new Metrics() {
            @Override
            public void connectionAcquired(Duration waited) {
                reported.add("acquired");
            }

            @Override
            public void connectionMissed(Duration waited) {
                reported.add("missed");
                assertThat(waited).isGreaterThanOrEqualTo(Duration.ofMillis(250));
            }

            @Override
            public void connectionReleased(Duration held) {
                reported.add("released");
                assertThat(held).isPositive();
            }
        };
        var small = config().withPoolSize(1).withTimeouts(Duration.ofMillis(250), Duration.ofMillis(1500));
        withDatabase(small, metrics, db -> {
            assertThat(db.sinceAnswer()).isGreaterThan(Duration.ofHours(23));
            Object one = db.read(dsl -> dsl.fetchValue("select 1"));
            db.write(dsl -> {
                assertThatThrownBy(() -> db.read(other -> other.fetchValue("select 1")))
                        .isInstanceOf(BylineException.Unavailable.class);
                return dsl.fetchValue("select 1");
            });

            assertThat(one).isEqualTo(1);
            assertThat(db.sinceAnswer()).isLessThan(Duration.ofHours(1));
            assertThat(reported).containsExactly("acquired", "released", "acquired", "missed", "released");
        });
    }

    /** jOOQ acquires a connection again to roll back: each attempt would take the whole timeout. */
    @Test
    void aTransactionWaitsForItsConnectionOnce() {
        var missed = new AtomicInteger();
        var metrics = new Metrics() {
            @Override
            public void connectionMissed(Duration waited) {
                missed.incrementAndGet();
            }
        };
        var away = BylineConfig.of("postgres://nobody:x@127.0.0.1:1/nothing").database();
        withDatabase(away.withTimeouts(Duration.ofMillis(250), Duration.ofMillis(1500)), metrics, db -> {
            assertThatThrownBy(() -> db.write(dsl -> dsl.fetchValue("select 1")))
                    .isInstanceOf(BylineException.Unavailable.class);

            assertThat(missed).hasValue(1);
        });
    }

    @Test
    void requestsFailFastWhenTheDatabaseDoesNotRespond() throws Exception {
        var waits = new ConcurrentLinkedQueue<Duration>();
        var metrics = new Metrics() {
            @Override
            public void connectionMissed(Duration waited) {
                waits.add(waited);
            }
        };
        var small = config().withPoolSize(1).withTimeouts(Duration.ofSeconds(1), Duration.ofMillis(1500));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            withDatabase(small, metrics, db -> {
                var stuck = threads.submit(() -> db.read(dsl -> dsl.fetchValue("select pg_sleep(5)::text")));
                var late = new ArrayList<Future<?>>();
                for (int i = 0; i < 10; i++) {
                    TimeUnit.MILLISECONDS.sleep(100);
                    late.add(threads.submit(() -> db.read(dsl -> dsl.fetchValue("select 1"))));
                }
                for (var each : late) {
                    assertThatThrownBy(each::get).hasCauseInstanceOf(BylineException.Unavailable.class);
                }
                assertThatThrownBy(stuck::get).hasCauseInstanceOf(BylineException.Unavailable.class);

                assertThat(waits).anyMatch(wait -> wait.toMillis() >= 1000).anyMatch(wait -> wait.toMillis() < 100);
                Object one = db.read(dsl -> dsl.fetchValue("select 1"));
                assertThat(one).isEqualTo(1);
            });
        }
    }

    /** Without fairness, a thread that releases a connection and acquires again at once overtakes the waiter. */
    @Test
    void connectionsAreAcquiredInOrderOfArrival() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            withDatabase(config().withPoolSize(1), db -> {
                for (int i = 0; i < 50; i++) {
                    var order = new ConcurrentLinkedQueue<String>();
                    var waited = new AtomicReference<Future<?>>();
                    db.write(dsl -> {
                        waited.set(threads.submit(() -> db.write(other -> order.add("waited"))));
                        while (db.poolStatus().orElseThrow().waiting() == 0) {
                            Thread.onSpinWait();
                        }
                        return dsl.fetchValue("select 1");
                    });
                    db.write(dsl -> order.add("arrived later"));
                    waited.get().get();
                    assertThat(order).containsExactly("waited", "arrived later");
                }
            });
        }
    }

    @Test
    void behindPgBouncerTheDriverCancelsSlowStatements() {
        var shortTimeouts = config().withPoolSize(1)
                .withTimeouts(Duration.ofSeconds(1), Duration.ofMillis(1500))
                .withPgBouncer(true);
        withDatabase(shortTimeouts, db -> {
            Object limit = db.read(dsl -> dsl.fetchValue("show statement_timeout"));
            assertThat(limit).isEqualTo("0");
            assertThatThrownBy(() -> db.read(dsl -> dsl.fetchValue("select pg_sleep(5)::text")))
                    .isInstanceOf(BylineException.Unavailable.class);
            Object one = db.read(dsl -> dsl.fetchValue("select 1"));
            assertThat(one).isEqualTo(1);
        });
    }

    @Test
    void aSlowStatementIsLoggedByNameWithoutItsText() {
        var logger = (Logger) LoggerFactory.getLogger(SlowStatements.class);
        var lines = new ListAppender<ILoggingEvent>();
        lines.start();
        logger.addAppender(lines);
        try {
            withDatabase(config().withSlowStatement(Duration.ofNanos(1)), db -> db.read(ServerFactsSql::read));
            withDatabase(config().withSlowStatement(Duration.ZERO), db -> db.read(ServerFactsSql::read));
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list).hasSize(1);
        assertThat(lines.list.getFirst().getKeyValuePairs())
                .extracting(pair -> pair.key + "=" + pair.value)
                .anyMatch(pair -> pair.equals("statement=ServerFactsSql.read"));
        assertThat(lines.list.getFirst().getFormattedMessage()).isEqualTo("slow statement");
    }
}
