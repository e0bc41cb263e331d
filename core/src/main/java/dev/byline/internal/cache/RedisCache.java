package dev.byline.internal.cache;

import static dev.byline.internal.cache.RedisPool.bytes;

import dev.byline.internal.cache.RedisPool.Script;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Connection;
import redis.clients.jedis.JedisPubSub;

/**
 * A cache in Redis. A key holds either a value, with the type byte V, or a lease, with the type byte L. Messages of
 * processes that use other schemas are ignored.
 */
final class RedisCache implements RemoteCache {
    private static final Logger LOG = LoggerFactory.getLogger(RedisCache.class);

    /** After this time without a message, the subscription counts as lost. */
    private static final Duration SILENCE = Duration.ofMillis(550);

    /** Longer than any load, so that it doesn't expire during one; short, because others wait for it. */
    private static final Duration LEASE = Duration.ofSeconds(4);

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

    private final RedisPool redis;
    private final Thread listener;

    private volatile boolean closed;
    private volatile boolean listening;
    private volatile long lastWord = System.nanoTime();
    private volatile @Nullable Connection subscription;
    private volatile Consumer<String> dropped = name -> {};
    private volatile Runnable lost = () -> {};

    /**
     * Creates the cache.
     *
     * @param redis the connections; not closed by this cache
     */
    RedisCache(RedisPool redis) {
        this.redis = redis;
        this.listener =
                Thread.ofPlatform().daemon().name("byline-redis-listener").unstarted(this::listenOn);
    }

    private static byte[] marked(byte mark, byte[] bytes) {
        return ByteBuffer.allocate(bytes.length + 1).put(mark).put(bytes).array();
    }

    @Override
    public Lookup lookup(String name, byte[] lease, boolean force) {
        return redis.call(new Lookup.Failed(), client -> {
            var arguments =
                    List.of(marked(LEASED, lease), bytes(Long.toString(LEASE.toMillis())), bytes(force ? "1" : "0"));
            if (!(LOOKUP.run(client, List.of(redis.key(name)), arguments) instanceof byte[] found)) {
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
        return redis.call(false, client -> {
            var arguments = List.of(
                    marked(LEASED, lease),
                    marked(VALUE, value),
                    bytes(Long.toString(ttl.toMillis())),
                    bytes(Long.toString(LEASE.toMillis())));
            return Long.valueOf(1).equals(FILL.run(client, List.of(redis.key(name)), arguments));
        });
    }

    @Override
    public void release(String name, byte[] lease) {
        var unused = redis.call(
                false, client -> RELEASE.run(client, List.of(redis.key(name)), List.of(marked(LEASED, lease))) != null);
    }

    @Override
    public boolean invalidate(Collection<String> names) {
        return redis.call(false, client -> {
            var keys = new ArrayList<byte[]>();
            var message = new StringBuilder(redis.self());
            for (var name : names) {
                keys.add(redis.key(name));
                message.append(SEPARATOR).append(name).append(redis.suffix());
            }
            return INVALIDATE.run(client, keys, List.of(bytes(redis.channel()), bytes(message.toString()))) != null;
        });
    }

    @Override
    public void listen(Consumer<String> dropListener, Runnable lostListener) {
        this.dropped = dropListener;
        this.lost = lostListener;
        listener.start();
        redis.beforeHeartbeat(this::checkSubscription);
    }

    private void checkSubscription() {
        var connection = subscription;
        if (connection != null && System.nanoTime() - lastWord > SILENCE.toNanos()) {
            disconnect(connection); // the listener notices and reconnects
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
            try (var connection = redis.connect()) {
                lastWord = System.nanoTime();
                subscription = connection;
                new Subscription().proceed(connection, redis.channel());
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
            TimeUnit.NANOSECONDS.sleep(RedisPool.HEARTBEAT.toNanos());
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
            if (parts[0].equals(redis.self())) {
                return;
            }
            var own = redis.suffix();
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
        var connection = subscription;
        if (connection != null) {
            disconnect(connection);
        }
        listener.interrupt();
    }
}
