package dev.byline.internal.cache;

import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionFactory;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;
import redis.clients.jedis.providers.PooledConnectionProvider;
import redis.clients.jedis.util.JedisURIHelper;

/**
 * Connections to Redis, with short timeouts: 100 ms to connect, 50 ms for a reply and 50 ms for a pooled connection. After
 * five failures in a row Redis is bypassed until it answers the heartbeat, which is sent four times a second. Requests
 * wait for Redis on their own thread, which is a virtual one in the server; the pool is bounded and every wait has a
 * timeout.
 *
 * <p>Keys end with the schema of the tables, so that the schemas of a database can share Redis.
 */
public final class RedisPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisPool.class);

    private static final int CONNECT_MILLIS = 100;
    private static final int ANSWER_MILLIS = 50;
    private static final int CONNECTIONS = 16;
    private static final int FAILURES = 5;

    /** The interval of the heartbeat. */
    static final Duration HEARTBEAT = Duration.ofMillis(250);

    private static final String HEARTBEAT_NAME = "byline:heartbeat";

    /** Checks what requests need: running a script, and writing, which a full server rejects. */
    private static final Script BEAT = new Script("""
            redis.call('SET', KEYS[1], ARGV[2], 'PX', 1000)
            redis.call('PUBLISH', ARGV[1], ARGV[2])
            return 1
            """);

    private final RedisClient client;
    private final BoundedReplies sockets;
    private final DefaultJedisClientConfig config;
    private final Supplier<String> schema;
    private final Metrics metrics;

    /** The id of this process. */
    private final String self = UUID.randomUUID().toString();

    private final AtomicInteger failures = new AtomicInteger();
    private final ScheduledExecutorService heartbeat = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-redis-heartbeat").factory());

    private volatile @Nullable String suffix; // null before the schema is known
    private volatile boolean open;
    private volatile boolean closed;
    private volatile long answeredAt = System.nanoTime() - Duration.ofDays(1).toNanos();
    private final List<Runnable> beforeHeartbeat = new CopyOnWriteArrayList<>();

    /**
     * Connects in the background.
     *
     * @param uri with its port
     * @param schema returns the schema of the tables; may block, and throw {@link BylineException}
     * @param metrics receives the state of the circuit
     */
    public RedisPool(URI uri, Supplier<String> schema, Metrics metrics) {
        this.schema = schema;
        this.metrics = metrics;
        var address = JedisURIHelper.getHostAndPort(uri);
        this.config = DefaultJedisClientConfig.builder()
                .resp2()
                .connectionTimeoutMillis(CONNECT_MILLIS)
                .socketTimeoutMillis(ANSWER_MILLIS)
                .user(JedisURIHelper.getUser(uri))
                .password(JedisURIHelper.getPassword(uri))
                .database(JedisURIHelper.getDBIndex(uri))
                .sslOptions(JedisURIHelper.isRedisSSLScheme(uri) ? SslOptions.defaults() : null)
                .clientSetInfoConfig(ClientSetInfoConfig.DISABLED)
                .build();
        var pool = new ConnectionPoolConfig();
        pool.setMaxTotal(CONNECTIONS);
        pool.setMaxIdle(CONNECTIONS);
        pool.setMaxWait(Duration.ofMillis(ANSWER_MILLIS));
        pool.setJmxEnabled(false);
        this.sockets = new BoundedReplies(address, config);
        this.client = RedisClient.builder()
                .clientConfig(config)
                .connectionProvider(new PooledConnectionProvider(
                        ConnectionFactory.builder()
                                .socketFactory(sockets)
                                .clientConfig(config)
                                .build(),
                        pool))
                .build();
        var millis = HEARTBEAT.toMillis();
        var unused = heartbeat.scheduleWithFixedDelay(this::beat, millis, millis, TimeUnit.MILLISECONDS);
    }

    /** A script, called by its SHA-1 if the server knows it. */
    static final class Script {
        private final byte[] text;
        private final byte[] sha1;

        Script(String text) {
            this.text = text.getBytes(StandardCharsets.UTF_8);
            this.sha1 = sha1(this.text);
        }

        private static byte[] sha1(byte[] text) {
            try {
                var digest = MessageDigest.getInstance("SHA-1").digest(text);
                return bytes(HexFormat.of().formatHex(digest));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-1", e);
            }
        }

        @Nullable
        Object run(RedisClient client, List<byte[]> keys, List<byte[]> arguments) {
            try {
                return client.evalsha(sha1, keys, arguments);
            } catch (JedisNoScriptException e) {
                return client.eval(text, keys, arguments);
            }
        }
    }

    /** Returns whether the schema is known; asks for it if not. */
    private boolean isSchemaKnown() {
        if (suffix == null) {
            try {
                suffix = "@" + schema.get();
            } catch (RuntimeException e) {
                LOG.debug("schema", e);
                return false;
            }
        }
        return true;
    }

    /** Returns the last part of all keys; null before the schema is known. */
    @Nullable
    String suffix() {
        return suffix;
    }

    /** Returns the key of a value in Redis. Only within {@link #call}, when the schema is known. */
    byte[] key(String name) {
        return bytes(name + suffix);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the id of this process in messages. */
    String self() {
        return self;
    }

    /** Returns the channel of invalidations. */
    String channel() {
        return "byline:invalidate:" + config.getDatabase();
    }

    /** Opens a connection beside the pool, for a subscription. */
    Connection connect() {
        return new Connection(sockets, config);
    }

    /** Runs a command. Catches every exception: for an invalid reply, Jedis may throw nearly any. */
    <T extends @Nullable Object> T call(T otherwise, Function<RedisClient, T> command) {
        if (open || closed || !isSchemaKnown()) {
            return otherwise;
        }
        try {
            var answer = command.apply(client);
            failures.set(0);
            answeredAt = System.nanoTime();
            return answer;
        } catch (RuntimeException e) {
            failed(e);
            return otherwise;
        }
    }

    private void failed(Throwable e) {
        if (!(e instanceof JedisException)) {
            client.getPool().clear(); // a connection out of sync must not serve another request
        }
        if (failures.incrementAndGet() >= FAILURES) {
            leaveAlone(true, e);
        }
    }

    /** Opens or closes the circuit. Logs each change once, not for each request. */
    private synchronized void leaveAlone(boolean alone, @Nullable Throwable e) {
        if (open == alone || closed) {
            return;
        }
        open = alone;
        failures.set(0);
        metrics.redisCircuit(alone);
        if (e != null) {
            LOG.warn(
                    "Redis {}, going on without it: {}",
                    e instanceof JedisDataException ? "refuses" : "does not answer",
                    e.getMessage());
        } else {
            LOG.info("Redis answers again");
        }
    }

    /** Returns the time since Redis last answered; more than a day before the first time. Doesn't block. */
    Duration sinceAnswer() {
        return Duration.ofNanos(System.nanoTime() - answeredAt);
    }

    /**
     * Adds what runs before each heartbeat, four times a second.
     *
     * @param task should block for milliseconds at most
     */
    public void beforeHeartbeat(Runnable task) {
        beforeHeartbeat.add(task);
    }

    /**
     * Sends a heartbeat: checks that Redis works, and keeps the subscriptions of all processes alive. Must not throw.
     */
    private void beat() {
        beforeHeartbeat.forEach(RedisPool::runOrLog);
        try {
            var unused = BEAT.run(client, List.of(bytes(HEARTBEAT_NAME)), List.of(bytes(channel()), bytes(self)));
            answeredAt = System.nanoTime();
            leaveAlone(false, null);
        } catch (RuntimeException e) {
            if (!open) {
                failed(e);
            }
        }
    }

    /** Without this, the executor would cancel the heartbeat. */
    private static void runOrLog(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a task of the heartbeat failed", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        heartbeat.shutdownNow();
        client.close();
    }
}
