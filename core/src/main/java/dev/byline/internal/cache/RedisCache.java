package dev.byline.internal.cache;

import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionFactory;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.providers.PooledConnectionProvider;
import redis.clients.jedis.util.JedisURIHelper;

/**
 * Redis, with short timeouts: 100 ms to connect, 50 ms for a reply and 50 ms for a pooled connection. After five
 * failures in a row it is bypassed until it answers the heartbeat, which is sent four times a second. Requests wait for
 * Redis on their own thread, which is a virtual one in the server; the pool is bounded and every wait has a timeout.
 *
 * <p>A key holds either a value, with the type byte V, or a lease, with the type byte L. Keys end with the schema of the
 * tables, so that the schemas of a database can share Redis; messages of other schemas are ignored.
 */
final class RedisCache implements RemoteCache {
    private static final Logger LOG = LoggerFactory.getLogger(RedisCache.class);

    private static final int CONNECT_MILLIS = 100;
    private static final int ANSWER_MILLIS = 50;
    private static final int CONNECTIONS = 16;
    private static final int FAILURES = 5;
    private static final Duration HEARTBEAT = Duration.ofMillis(250);

    /** After this time without a message, the subscription counts as lost. */
    private static final Duration SILENCE = Duration.ofMillis(550);

    /** Longer than any load, so that it doesn't expire during one; short, because others wait for it. */
    private static final Duration LEASE = Duration.ofSeconds(4);

    private static final String HEARTBEAT_NAME = "byline:heartbeat";
    private static final byte VALUE = 'V';
    private static final byte LEASED = 'L';
    private static final char SEPARATOR = '\n';

    /**
     * Returns the value or the other caller's lease; otherwise stores the lease and returns false. A lease with a
     * longer time to live than Byline sets is ignored.
     */
    private static final Script LOOKUP = new Script("""
            local found = redis.pcall('GET', KEYS[1])
            if type(found) == 'string' and ARGV[3] == '0' then
                local left = redis.call('PTTL', KEYS[1])
                if string.byte(found) ~= string.byte(ARGV[1]) or (left >= 0 and left <= tonumber(ARGV[2])) then return found end
            end
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
            return false
            """);
    /**
     * Subtracts the age of the lease, by Redis' own clock, from the value's time to live: a command may be delayed in a
     * socket buffer.
     */
    private static final Script FILL = new Script("""
            if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            local left = tonumber(ARGV[3]) - (tonumber(ARGV[4]) - redis.call('PTTL', KEYS[1]))
            if left <= 0 then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'PX', left)
            return 1
            """);

    private static final Script RELEASE = new Script("""
            if redis.pcall('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
            return 1
            """);
    private static final Script INVALIDATE = new Script("""
            for _, name in ipairs(KEYS) do redis.call('DEL', name) end
            redis.call('PUBLISH', ARGV[1], ARGV[2])
            return 1
            """);

    private final RedisClient client;
    private final BoundedReplies sockets;
    private final DefaultJedisClientConfig config;
    private final String channel;
    private final Supplier<String> schema;
    private final Metrics metrics;

    /** The id of this process in messages. */
    private final String self = UUID.randomUUID().toString();

    private final AtomicInteger failures = new AtomicInteger();
    private final ScheduledExecutorService heartbeat = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("byline-redis-heartbeat").factory());
    private final Thread listener;

    private volatile @Nullable String suffix; // null before the schema is known
    private volatile boolean open;
    private volatile boolean closed;
    private volatile boolean listening;
    private volatile long lastWord = System.nanoTime();
    private volatile @Nullable Connection subscription;
    private volatile Consumer<String> dropped = name -> {};
    private volatile Runnable lost = () -> {};

    /**
     * Connects in the background.
     *
     * @param uri with its port
     * @param schema returns the schema of the tables; may block, and throw {@link BylineException}
     */
    RedisCache(URI uri, Supplier<String> schema, Metrics metrics) {
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
        this.channel = "byline:invalidate:" + config.getDatabase();
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
        this.listener =
                Thread.ofPlatform().daemon().name("byline-redis-listener").unstarted(this::listenOn);
    }

    /** A script, called by its SHA-1 if the server knows it. */
    private static final class Script {
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

    private byte[] key(String name) {
        return bytes(name + suffix);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] marked(byte mark, byte[] bytes) {
        return ByteBuffer.allocate(bytes.length + 1).put(mark).put(bytes).array();
    }

    @Override
    public Lookup lookup(String name, byte[] lease, boolean force) {
        return call(new Lookup.Failed(), () -> {
            var arguments =
                    List.of(marked(LEASED, lease), bytes(Long.toString(LEASE.toMillis())), bytes(force ? "1" : "0"));
            if (!(LOOKUP.run(client, List.of(key(name)), arguments) instanceof byte[] found)) {
                return new Lookup.Leased();
            }
            if (found.length > 0 && found[0] == LEASED) {
                return new Lookup.Taken();
            }
            // A value without a type byte wasn't written by Byline; its signature is checked next.
            return new Lookup.Hit(ByteBuffer.wrap(found, Math.min(1, found.length), Math.max(0, found.length - 1)));
        });
    }

    @Override
    public boolean fill(String name, byte[] lease, byte[] value, Duration ttl) {
        return call(false, () -> {
            var arguments = List.of(
                    marked(LEASED, lease),
                    marked(VALUE, value),
                    bytes(Long.toString(ttl.toMillis())),
                    bytes(Long.toString(LEASE.toMillis())));
            return Long.valueOf(1).equals(FILL.run(client, List.of(key(name)), arguments));
        });
    }

    @Override
    public void release(String name, byte[] lease) {
        var unused = call(false, () -> RELEASE.run(client, List.of(key(name)), List.of(marked(LEASED, lease))) != null);
    }

    @Override
    public boolean invalidate(Collection<String> names) {
        return call(false, () -> {
            var keys = new ArrayList<byte[]>();
            var message = new StringBuilder(self);
            for (var name : names) {
                keys.add(key(name));
                message.append(SEPARATOR).append(name).append(suffix);
            }
            return INVALIDATE.run(client, keys, List.of(bytes(channel), bytes(message.toString()))) != null;
        });
    }

    /** Runs a command. Catches every exception: for an invalid reply, Jedis may throw nearly any. */
    private <T> T call(T otherwise, Supplier<T> command) {
        if (open || closed || !isSchemaKnown()) {
            return otherwise;
        }
        try {
            var answer = command.get();
            failures.set(0);
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

    @Override
    public void listen(Consumer<String> dropListener, Runnable lostListener) {
        this.dropped = dropListener;
        this.lost = lostListener;
        listener.start();
        var millis = HEARTBEAT.toMillis();
        var unused = heartbeat.scheduleWithFixedDelay(this::beat, millis, millis, TimeUnit.MILLISECONDS);
    }

    /**
     * Sends a heartbeat: checks that Redis works, and keeps the subscriptions of all processes alive. Must not throw.
     */
    private void beat() {
        var connection = subscription;
        if (connection != null && System.nanoTime() - lastWord > SILENCE.toNanos()) {
            disconnect(connection); // the listener notices and reconnects
        }
        try {
            // Checks what requests need: writing, which a full server rejects, and running a script.
            client.set(HEARTBEAT_NAME, self, SetParams.setParams().px(1000));
            var unused = INVALIDATE.run(client, List.of(bytes(HEARTBEAT_NAME)), List.of(bytes(channel), bytes(self)));
            leaveAlone(false, null);
        } catch (RuntimeException e) {
            if (!open) {
                failed(e);
            }
        }
    }

    private static void disconnect(Connection connection) {
        try {
            connection.forceDisconnect();
        } catch (IOException | RuntimeException e) {
            LOG.debug("subscription", e);
        }
    }

    /** Listens until this is closed. Must not end before: a process that doesn't listen serves stale values. */
    private void listenOn() {
        while (!closed) {
            try (var connection = new Connection(sockets, config)) {
                lastWord = System.nanoTime();
                subscription = connection;
                new Subscription().proceed(connection, channel);
            } catch (RuntimeException e) {
                LOG.debug("subscription", e);
            } finally {
                subscription = null;
                if (listening) {
                    listening = false;
                    lost.run();
                    LOG.info("not listening to other processes: their writes show here when values end");
                }
            }
            pause();
        }
    }

    private void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(HEARTBEAT.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closing
        }
    }

    private final class Subscription extends JedisPubSub {
        /** Flushes: messages before the subscription were missed. */
        @Override
        public void onSubscribe(String name, int count) {
            lastWord = System.nanoTime();
            if (!listening) {
                LOG.info("listening to other processes");
            }
            listening = true;
            lost.run();
        }

        @Override
        public void onMessage(String name, String message) {
            lastWord = System.nanoTime();
            var parts = message.split(String.valueOf(SEPARATOR), -1);
            if (parts[0].equals(self)) {
                return;
            }
            var own = suffix;
            if (own == null) {
                if (parts.length > 1) {
                    lost.run(); // whether the keys are of this schema isn't known
                }
                return;
            }
            for (int i = 1; i < parts.length; i++) {
                if (parts[i].endsWith(own)) {
                    dropped.accept(parts[i].substring(0, parts[i].length() - own.length()));
                }
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        heartbeat.shutdownNow();
        var connection = subscription;
        if (connection != null) {
            disconnect(connection);
        }
        listener.interrupt();
        client.close();
    }
}
