package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.internal.cache.CacheSeal;
import dev.byline.internal.cache.TestRedis;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.store.Database;
import dev.byline.internal.store.DatabaseStore;
import dev.byline.migrations.Await;
import dev.byline.migrations.TestPostgres;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.DatabaseUrl;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.ReplicaStatus;
import dev.byline.model.Role;
import dev.byline.model.UserFilter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.RedisClient;

/** A primary and two standbys that stream from it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class ReplicasTest {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final PageRequest FIRST = PageRequest.first(20);

    @TempDir
    private static Path folder;

    private TestPostgres primary;
    private TestPostgres first;
    private TestPostgres second;
    private Byline byline;
    private final Map<Metrics.ReplicaRead, Integer> reads = new ConcurrentHashMap<>();
    private int number;

    @BeforeAll
    void start() throws SQLException {
        primary = new TestPostgres(folder.resolve("primary"));
        first = primary.standby(folder.resolve("first"));
        second = primary.standby(folder.resolve("second"));
    }

    @AfterAll
    void close() {
        second.close();
        first.close();
        primary.close();
    }

    @BeforeEach
    void open() throws Exception {
        byline = open(BylineConfig.Cache.OFF);
        awaitUsable(byline);
    }

    @AfterEach
    void resume() throws Exception {
        byline.close();
        for (var standby : List.of(first, second)) {
            standby.thaw();
            standby.run("SELECT pg_wal_replay_resume()");
        }
    }

    private Byline open(BylineConfig.Cache cache) {
        return open(cache, Duration.ofMinutes(10), first, second);
    }

    private Byline open(BylineConfig.Cache cache, Duration readOnly, TestPostgres... standbys) {
        return open(cache, readOnly, Stream.of(standbys).map(TestPostgres::port).toList());
    }

    private Byline open(BylineConfig.Cache cache, Duration readOnly, List<Integer> ports) {
        reads.clear();
        return Byline.open(config(readOnly, ports).withCache(cache), metrics());
    }

    private BylineConfig config(Duration readOnly, List<Integer> ports) {
        var hosts = ports.stream().map(port -> "localhost:" + port).collect(Collectors.joining(","));
        var url = DatabaseUrl.parse("postgres://postgres:postgres@" + hosts + "/postgres");
        var config = BylineConfig.of(primary.url());
        return config.withDatabase(config.database().withPoolSize(4))
                .withReplicas(new BylineConfig.Replicas(url, 4, Duration.ofSeconds(1), readOnly));
    }

    private Metrics metrics() {
        return new Metrics() {
            @Override
            public void replicaRead(ReplicaRead outcome) {
                reads.merge(outcome, 1, Integer::sum);
            }
        };
    }

    private static void awaitUsable(Byline byline) throws Exception {
        Await.until(() -> byline.replicas().stream().allMatch(ReplicaStatus::usable));
    }

    private int reads(Metrics.ReplicaRead outcome) {
        return reads.getOrDefault(outcome, 0);
    }

    private Principal.Member user(Byline node) {
        var user = node.users().create(NOBODY, newUser(null));
        return new Principal.Member(user.id(), Role.USER);
    }

    private Post post(Byline node, Principal author) {
        return node.posts().create(author, newPost());
    }

    private NewPost newPost() {
        return new NewPost("T" + ++number, "words", Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
    }

    private static boolean sees(Byline node, Principal reader, Post post) {
        return node.posts().byIds(reader, Set.of(post.id())).items().size() == 1;
    }

    private static void pause(TestPostgres... standbys) throws Exception {
        for (var standby : standbys) {
            standby.pauseReplay();
        }
    }

    @Test
    void replicasServeLists() throws Exception {
        var author = user(byline);
        var post = post(byline, author);
        Await.until(() -> sees(byline, NOBODY, post));
        reads.clear();
        byline.posts().feed(NOBODY, PostFilter.NONE, FIRST);
        byline.posts().feedWithAuthors(NOBODY, PostFilter.NONE, FIRST);
        byline.posts().feed(NOBODY, new PostFilter(null, "words", null), FIRST);
        byline.posts().mostRelevant(NOBODY, new PostFilter(null, "words", null), 5);
        byline.posts().byAuthor(NOBODY, author.userId(), FIRST);
        byline.posts().byIdsWithAuthors(NOBODY, Set.of(post.id()));
        byline.users().list(NOBODY, UserFilter.NONE, FIRST);
        byline.users().byIds(NOBODY, Set.of(author.userId()));
        assertThat(reads(Metrics.ReplicaRead.REPLICA)).isEqualTo(8);
        byline.posts().get(NOBODY, post.id());
        byline.users().get(NOBODY, author.userId());
        assertThat(reads(Metrics.ReplicaRead.REPLICA)).isEqualTo(8);
    }

    @Test
    void aWriterSeesTheirWriteAndOthersSeeItWithinTheLag() throws Exception {
        var author = user(byline);
        var other = user(byline);
        var post = post(byline, author);
        Await.until(() -> sees(byline, NOBODY, post));
        TimeUnit.MILLISECONDS.sleep(300); // both standbys have replayed it, and were asked since
        pause(first, second);
        reads.clear();
        var next = post(byline, author);
        assertThat(sees(byline, author, next)).isTrue();
        assertThat(byline.posts().byAuthor(author, author.userId(), FIRST).items())
                .contains(next);
        assertThat(sees(byline, NOBODY, next)).isFalse(); // from a replica
        assertThat(sees(byline, other, next)).isFalse();
        var created = user(byline); // an anonymous request
        assertThat(byline.users().byIds(created, Set.of(created.userId()))).hasSize(1);
        TimeUnit.MILLISECONDS.sleep(1100);
        assertThat(sees(byline, NOBODY, next)).isTrue();
        assertThat(reads(Metrics.ReplicaRead.OWN_WRITE)).isEqualTo(3);
        assertThat(reads(Metrics.ReplicaRead.UNAVAILABLE)).isEqualTo(1);
        assertThat(byline.replicas()).noneMatch(ReplicaStatus::usable);
        first.run("SELECT pg_wal_replay_resume()");
        Await.until(() -> byline.replicas().stream().anyMatch(ReplicaStatus::usable));
        for (int i = 0; i < 10; i++) {
            assertThat(sees(byline, author, next)).isTrue(); // the first has replayed it, the second hasn't
        }
        assertThat(reads(Metrics.ReplicaRead.OWN_WRITE)).isEqualTo(3);
    }

    @Test
    void aTransactionOfTheHostIsSeenByItsWriter() throws Exception {
        var author = user(byline);
        pause(first, second);
        try (var connection = primary.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            var joined = byline.in(connection);
            var post = joined.posts().create(author, newPost());
            connection.commit();
            joined.committed();
            assertThat(sees(byline, author, post)).isTrue();
        }
        var post = byline.transaction(tx -> tx.posts().create(author, newPost()));
        assertThat(sees(byline, author, post)).isTrue();
    }

    private interface TwoNodesTest {
        void run(TestRedis redis, RedisClient client, Byline a, Byline b) throws Exception;
    }

    /** Opens two nodes with a Redis, and waits until replicas are usable. */
    private void withTwoNodes(TwoNodesTest test) throws Exception {
        try (var redis = new TestRedis();
                var client = RedisClient.create(redis.uri())) {
            var cache = BylineConfig.Cache.LOCAL.withRedis(redis.uri());
            try (var a = open(cache);
                    var b = open(cache)) {
                awaitUsable(a);
                awaitUsable(b);
                test.run(redis, client, a, b);
            }
        }
    }

    @Test
    void nodesShareThePositionsThroughRedis() throws Exception {
        withTwoNodes((redis, client, a, b) -> {
            var author = user(a);
            var seen = post(a, author);
            Await.until(() -> sees(b, NOBODY, seen));
            reads.clear();
            Await.until(() -> sees(b, author, seen) && reads(Metrics.ReplicaRead.REPLICA) > 0);
            pause(first, second);
            var post = post(a, author);
            assertThat(sees(b, author, post)).isTrue();
            assertThat(sees(b, NOBODY, post)).isFalse();

            var missing = post(a, author);
            client.flushAll();
            assertThat(sees(b, author, missing)).as("missing").isTrue();
            assertThat(sees(b, author, missing)).as("learned").isTrue();

            var forged = post(a, author);
            var key = "byline:position:" + author.userId() + "@byline";
            client.set(key, "x".repeat(40));
            assertThat(sees(b, author, forged)).as("forged").isTrue();

            var silent = post(a, author);
            redis.freeze();
            assertThat(sees(b, author, silent)).as("silent").isTrue();
            var missed = post(a, author);
            redis.thaw();
            TimeUnit.MILLISECONDS.sleep(400); // a heartbeat
            assertThat(sees(b, author, missed)).as("missed by Redis at first").isTrue();
        });
    }

    @Test
    void aRetryAtAnotherNodeIsSeenThere() throws Exception {
        var operator = new Principal.Operator();
        withTwoNodes((redis, client, a, b) -> {
            var before = a.users().create(operator, newUser(null));
            Await.until(() -> b.users().byIds(NOBODY, Set.of(before.id())).size() == 1);
            pause(first, second);
            var shared = "byline:position:0@byline".getBytes(StandardCharsets.UTF_8);
            var position = client.get(shared);
            for (var password : Arrays.asList(new Password("a long enough password"), null)) {
                var user = newUser(password);
                var key = new IdempotencyKey("retry" + number, "");
                var created = a.users().create(operator, user, key).value();
                client.set(shared, position); // the process ended before it had shared its own
                assertThat(b.users().create(operator, user, key).replayed()).isTrue();
                assertThat(b.users().byIds(operator, Set.of(created.id()))).hasSize(1);
            }
        });
    }

    private NewUser newUser(@Nullable Password password) {
        return new NewUser("r" + ++number + "@example.com", "R", password, Metadata.EMPTY);
    }

    @Test
    void anIdlePrimaryDoesNotLookAhead() throws Exception {
        primary.run("SELECT pg_logical_emit_message(true, 'test', 'x')", "SELECT pg_switch_wal()");
        TimeUnit.MILLISECONDS.sleep(1500); // nothing is written: the lag of a replica must not grow
        assertThat(byline.replicas()).allMatch(ReplicaStatus::usable);
    }

    @Test
    void serversThatDoNotTellTheirPositionAreAskedRarely() throws Exception {
        var functions = "FUNCTION pg_last_wal_replay_lsn(), pg_current_wal_insert_lsn()";
        primary.run(
                "CREATE ROLE mute LOGIN PASSWORD 'mute'",
                "GRANT USAGE ON SCHEMA byline TO mute",
                "GRANT SELECT ON ALL TABLES IN SCHEMA byline TO mute",
                "REVOKE EXECUTE ON " + functions + " FROM PUBLIC");
        try {
            Await.until(() -> first.value("SELECT count(*) FROM pg_roles WHERE rolname = 'mute'")
                    .equals("1"));
            var config = config(Duration.ofMinutes(10), List.of(first.port()));
            var primaryUrl = DatabaseUrl.parse(primary.url().replace("postgres:postgres@", "mute:mute@"));
            var readUrl = DatabaseUrl.parse(first.url().replace("postgres:postgres@", "mute:mute@"));
            byline.close();
            try (var mute = Byline.open(config.withDatabase(BylineConfig.Database.of(primaryUrl))
                    .withReplicas(new BylineConfig.Replicas(readUrl, 4, Duration.ofSeconds(1), Duration.ZERO)))) {
                TimeUnit.SECONDS.sleep(2);
                var before = List.of(sessions(primary), sessions(first));
                TimeUnit.SECONDS.sleep(3);
                assertThat(sessions(primary) - before.getFirst()).isLessThan(6);
                assertThat(sessions(first) - before.getLast()).isLessThan(30);
                mute.posts().feed(NOBODY, PostFilter.NONE, FIRST);
            }
        } finally {
            primary.run("GRANT EXECUTE ON " + functions + " TO PUBLIC");
        }
    }

    /** How many connections were opened and closed so far. */
    private static long sessions(TestPostgres server) throws SQLException {
        return Long.parseLong(server.value("SELECT sum(sessions) FROM pg_stat_database WHERE datname = 'postgres'"));
    }

    @Test
    void noReadFailsWhenAReplicaDiesAndItComesBack() throws Exception {
        readWhile(() -> {
            second.kill();
            TimeUnit.MILLISECONDS.sleep(500);
            second.restart();
            awaitUsable(byline);
        });
    }

    @Test
    void readsOfAFrozenReplicaAreRepeatedOnThePrimary() throws Exception {
        readWhile(() -> {
            second.freeze();
            TimeUnit.SECONDS.sleep(3);
            second.thaw();
            awaitUsable(byline);
        });
        assertThat(reads(Metrics.ReplicaRead.RETRIED)).isPositive();
    }

    private interface Event {
        void run() throws Exception;
    }

    /** Reads all the time while something happens; fails if a read does. */
    private void readWhile(Event event) throws Exception {
        var over = new AtomicBoolean();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var readers = List.of(1, 2, 3).stream()
                    .map(i -> threads.submit(() -> {
                        while (!over.get()) {
                            byline.posts().feed(NOBODY, PostFilter.NONE, FIRST);
                            TimeUnit.MILLISECONDS.sleep(2);
                        }
                        return null;
                    }))
                    .toList();
            try {
                event.run();
            } finally {
                over.set(true);
            }
            for (var reader : readers) {
                reader.get();
            }
        }
    }

    /** One is paused, and keeps its position; the other goes on. */
    @Test
    void serversBehindAProxyHaveAPositionEach() throws Exception {
        try (var proxy = new RoundRobin(first.port(), second.port());
                var node = open(BylineConfig.Cache.OFF, Duration.ofMinutes(10), List.of(proxy.port()))) {
            awaitUsable(node);
            for (var standby : List.of(first, second)) {
                Await.until(() -> Integer.parseInt(standby.value(
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'byline'"))
                        > 4); // those of the other node, and some of this one
            }
            var author = user(node);
            pause(second);
            reads.clear();
            var post = post(node, author);
            Await.until(() -> first.value("SELECT count(*) FROM byline.posts WHERE id = " + post.id())
                    .equals("1"));
            TimeUnit.MILLISECONDS.sleep(250); // the first was asked since, the second is current for others still
            readConcurrently(() -> sees(node, author, post));
            assertThat(reads(Metrics.ReplicaRead.REPLICA)).isPositive();
            TimeUnit.MILLISECONDS.sleep(1100); // the second is too far behind for everybody now
            reads.clear();
            readConcurrently(() -> sees(node, NOBODY, post));
            assertThat(reads(Metrics.ReplicaRead.REPLICA)).isPositive();
        }
    }

    /** Uses all connections: a thread that reads alone gets the same one again and again. */
    private static void readConcurrently(Callable<Boolean> read) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : threads.invokeAll(Collections.nCopies(200, read))) {
                assertThat(each.get()).isTrue();
            }
        }
    }

    /** Leads connections to servers in turn. */
    private static final class RoundRobin implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Integer> servers;

        RoundRobin(Integer... servers) throws IOException {
            this.servers = List.of(servers);
            Thread.startVirtualThread(this::accept);
        }

        int port() {
            return socket.getLocalPort();
        }

        private void accept() {
            try {
                for (int i = 0; true; i++) {
                    var client = socket.accept();
                    var server = new Socket(InetAddress.getLoopbackAddress(), servers.get(i % servers.size()));
                    Thread.startVirtualThread(() -> pass(client, server));
                    Thread.startVirtualThread(() -> pass(server, client));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void pass(Socket from, Socket to) {
            try (from;
                    to) {
                from.getInputStream().transferTo(to.getOutputStream());
            } catch (IOException e) {
                // closed
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void anotherClusterIsNoReplica() throws Exception {
        var foreign = new TestPostgres(folder.resolve("foreign"));
        try (var standby = foreign.standby(folder.resolve("foreign-standby"));
                var node = open(BylineConfig.Cache.OFF, Duration.ZERO, standby)) {
            var post = post(node, user(node));
            TimeUnit.MILLISECONDS.sleep(1500);
            assertThat(node.replicas()).noneMatch(ReplicaStatus::usable);
            assertThat(sees(node, NOBODY, post)).isTrue();
        } finally {
            foreign.close();
        }
    }

    @Test
    void withoutAPrimaryReplicasServeAllReads() throws Exception {
        try (var node = open(BylineConfig.Cache.LOCAL, Duration.ofSeconds(6), first, second)) {
            awaitUsable(node);
            var author = user(node);
            var post = post(node, author);
            var token = node.tokens().issue(new Principal.Operator(), author.userId(), null);
            Await.until(() -> sees(node, NOBODY, post));
            assertThat(node.tokens().authenticate(token.secret())).isInstanceOf(Principal.Member.class);
            assertThat(node.staleWithin(Duration.ofDays(1))).isEmpty();
            primary.freeze();
            var frozenAt = System.nanoTime();
            try {
                Await.until(node::isReadOnly);
                assertReads(node, author, post);
                assertThat(node.staleWithin(Duration.ofSeconds(5)).orElseThrow())
                        .isGreaterThan(Duration.ofMillis(500));
                assertThatThrownBy(() -> post(node, author)).isInstanceOf(BylineException.Unavailable.class);
                Await.until(() -> isUnavailable(() -> node.tokens().authenticate(token.secret())));
                assertThat(isUnavailable(() -> node.tokens().list(author))).isTrue();
                assertReads(node, author, post); // nothing that a replica returned is in the cache
                Await.until(() -> isUnavailable(() -> node.posts().get(NOBODY, post.id())));
                assertThat(node.isReadOnly()).isFalse();
                assertThat(System.nanoTime() - frozenAt)
                        .isGreaterThan(Duration.ofSeconds(5).toNanos());
            } finally {
                primary.thaw();
            }
            Await.until(() -> !isUnavailable(() -> post(node, author)));
            assertThat(node.tokens().authenticate(token.secret())).isInstanceOf(Principal.Member.class);
            awaitUsable(node);
        }
    }

    private static boolean isUnavailable(Event use) throws Exception {
        try {
            use.run();
            return false;
        } catch (BylineException.Unavailable e) {
            return true;
        }
    }

    private static void assertReads(Byline node, Principal.Member author, Post post) {
        assertThat(node.posts().get(NOBODY, post.id())).isEqualTo(post);
        assertThat(node.posts().getWithAuthor(NOBODY, post.id()).post()).isEqualTo(post);
        assertThat(node.users().get(NOBODY, author.userId()).name()).isEqualTo("R");
        assertThat(node.posts().feed(NOBODY, PostFilter.NONE, FIRST).items()).contains(post);
        assertThat(node.posts()
                        .feedWithAuthors(NOBODY, PostFilter.NONE, FIRST)
                        .posts()
                        .items())
                .contains(post);
        assertThat(node.posts()
                        .withAuthor(NOBODY, author.userId(), FIRST)
                        .posts()
                        .items())
                .contains(post);
        assertThat(node.users().list(NOBODY, UserFilter.NONE, FIRST).items()).isNotEmpty();
        assertThat(sees(node, author, post)).isTrue();
    }

    @Test
    void noReadFailsWhenThePrimaryDies() throws Exception {
        var author = user(byline);
        for (var standby : List.of(first, second)) {
            Await.until(() -> standby.value("SELECT count(*) FROM byline.users WHERE id = " + author.userId())
                    .equals("1"));
        }
        var over = new AtomicBoolean();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var readers = List.of(1, 2, 3).stream()
                    .map(i -> threads.submit(() -> {
                        while (!over.get()) {
                            byline.users().get(NOBODY, author.userId());
                            byline.posts().feed(NOBODY, PostFilter.NONE, FIRST);
                            TimeUnit.MILLISECONDS.sleep(2);
                        }
                        return null;
                    }))
                    .toList();
            primary.kill();
            Await.until(byline::isReadOnly);
            TimeUnit.SECONDS.sleep(1);
            primary.restart();
            Await.until(() -> !isUnavailable(() -> user(byline)));
            over.set(true);
            for (var reader : readers) {
                reader.get();
            }
        }
        assertThat(reads(Metrics.ReplicaRead.STALE)).isPositive();
    }

    @Test
    void aPromotedReplicaGetsNoWritesAndNoReads() throws Exception {
        try (var third = primary.standby(folder.resolve("third"));
                var node = open(BylineConfig.Cache.OFF, Duration.ofMinutes(10), third)) {
            awaitUsable(node);
            third.run("SELECT pg_promote()");
            Await.until(() -> node.replicas().stream().noneMatch(ReplicaStatus::usable));
            var post = post(node, user(node));
            assertThat(sees(node, NOBODY, post)).isTrue();
            assertThat(third.value("SELECT count(*) FROM byline.posts WHERE id = " + post.id()))
                    .isEqualTo("0");
            Await.until(() -> third.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'byline'")
                    .equals("0"));
        }
    }

    @Test
    void aStandbyIsNoPrimary() throws Exception {
        var url = "jdbc:postgresql://localhost:" + first.port() + ",localhost:" + primary.port()
                + "/postgres?user=postgres&password=postgres&loadBalanceHosts=true";
        var config = BylineConfig.Database.of(DatabaseUrl.parse(url)).withPoolSize(4);
        try (var database = Database.open(config, Metrics.NONE)) {
            Await.until(() -> !database.read(ReplicasTest::isStandby));
            Await.until(() -> IntStream.range(0, 50).noneMatch(i -> database.read(ReplicasTest::isStandby)));
            for (int i = 0; i < 5; i++) {
                primary.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'byline'");
                Await.until(() -> !isUnavailable(() -> database.read(ReplicasTest::isStandby)));
                assertThat(database.read(ReplicasTest::isStandby)).isFalse();
            }
        }
    }

    @Test
    void aReadThatFailsOnAReplicaRunsOnceOnThePrimary() throws Exception {
        withStore(store -> {
            for (var state : List.of("40001", "57P01", "08006", "42P01")) {
                assertThat(store.readOnReplica(NOBODY, failingOnStandby(state)))
                        .as(state)
                        .isEqualTo("primary");
            }
            assertThat(reads(Metrics.ReplicaRead.RETRIED)).isEqualTo(4);
            assertThatThrownBy(() -> store.readOnReplica(NOBODY, failingOnStandby("57014")))
                    .isInstanceOf(BylineException.Unavailable.class);
        });
    }

    @Test
    void readsThatFailOnReplicasTakeHalfOfThePrimarysConnections() throws Exception {
        withStore(store -> {
            var inProgress = new AtomicInteger();
            var most = new AtomicInteger();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var done = IntStream.range(0, 8)
                        .mapToObj(i -> threads.submit(() -> store.readOnReplica(NOBODY, dsl -> {
                            var unused = failingOnStandby("40001").apply(dsl);
                            most.accumulateAndGet(inProgress.incrementAndGet(), Math::max);
                            dsl.fetch("SELECT pg_sleep(0.1)::text");
                            inProgress.decrementAndGet();
                            return "primary";
                        })))
                        .toList();
                for (var each : done) {
                    assertThat(each.get()).isEqualTo("primary");
                }
            }
            assertThat(most).hasValue(2);
        });
    }

    private interface StoreTest {
        void run(DatabaseStore store) throws Exception;
    }

    /** Opens a store with a pool of four connections, and waits until a replica is usable. */
    private void withStore(StoreTest test) throws Exception {
        var config = config(Duration.ofMinutes(10), List.of(first.port(), second.port()));
        reads.clear();
        try (var database = Database.open(config.database(), Metrics.NONE)) {
            var replicas = database.openReplicas(config, null, metrics());
            var cache = TieredCache.open(
                    BylineConfig.Cache.OFF, null, new CacheSeal(Map::of, InstantSource.system()), Metrics.NONE);
            var store = new DatabaseStore(database, cache, replicas, () -> {});
            Await.until(() -> store.readOnReplica(NOBODY, ReplicasTest::isStandby));
            reads.clear();
            test.run(store);
        }
    }

    private static boolean isStandby(DSLContext dsl) {
        return dsl.fetchSingle("SELECT pg_is_in_recovery()").get(0, Boolean.class);
    }

    /** Returns a statement that fails on a standby as a conflict with recovery or a shutdown does. */
    private static Function<DSLContext, String> failingOnStandby(String state) {
        return dsl -> {
            if (isStandby(dsl)) {
                dsl.execute("DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''" + state + "''; END'");
            }
            return "primary";
        };
    }
}
