package dev.byline.internal.cache;

import static dev.byline.internal.cache.RedisPool.bytes;

import dev.byline.internal.cache.RedisPool.Script;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of two parts in Redis, each the greatest that any process stored. Signed by {@link CacheSeal}: one that is forged, missing
 * or expired is unknown, and so is every number while Redis fails. Safe for use by several threads.
 */
public final class SharedNumbers {
    /**
     * For each key, a greater number stays, and of two equal ones the newer; unless ARGV[2] is 1. Returns the values that
     * stayed. In a value, bytes 17 to 32 are the number, and bytes 9 to 16 the time.
     */
    private static final Script RAISE = new Script("""
            local function compare(a, b)
                for _, from in ipairs({17, 25, 9}) do
                    for i = from, from + 7 do
                        local difference = string.byte(a, i) - string.byte(b, i)
                        if difference ~= 0 then return difference end
                    end
                end
                return 0
            end
            local stayed = {}
            for k, key in ipairs(KEYS) do
                local found = redis.pcall('GET', key)
                local sealed = ARGV[k + 2]
                if ARGV[2] == '0' and type(found) == 'string' and #found == #sealed and compare(found, sealed) > 0 then
                    stayed[k] = found
                else
                    redis.call('SET', key, sealed, 'PX', ARGV[1])
                    stayed[k] = ''
                end
            end
            return stayed
            """);

    private static final int CONTENT = 2 * Long.BYTES;

    /** The most keys of one message to Redis, which must answer within its timeout. */
    private static final int BATCH = 500;

    private final RedisPool redis;
    private final CacheSeal seal;

    /**
     * Creates the numbers.
     *
     * @param redis the connections
     * @param seal signs and verifies
     */
    public SharedNumbers(RedisPool redis, CacheSeal seal) {
        this.redis = redis;
        this.seal = seal;
    }

    /**
     * A number, and the time since it was stored, by the clocks of both processes.
     *
     * @param high the part that is compared first, zero or greater
     * @param low the other part, zero or greater
     * @param age zero or longer
     */
    public record Known(long high, long low, Duration age) {}

    /** The result of {@link #raise}. */
    public sealed interface Raised {
        /** The number is stored. */
        record Stored() implements Raised {}

        /** A greater number was there, and stays. */
        record Less(Known greater) implements Raised {}

        /** Redis failed, or nothing can be signed. */
        record Failed() implements Raised {}
    }

    /** Returns whether numbers can be signed and verified; may read the keys from the database, and block for it. */
    public boolean isReady() {
        return seal.isReady();
    }

    /** Returns the time since Redis last answered. Doesn't block. */
    public Duration sinceAnswer() {
        return redis.sinceAnswer();
    }

    /**
     * Stores a number unless a greater one is there. Blocks for Redis.
     *
     * @param name of the number
     * @param high its first part, zero or greater
     * @param low its second part, zero or greater
     * @param age the time since it was learned
     * @param ttl how long it is valid from then on
     */
    public Raised raise(String name, long high, long low, Duration age, Duration ttl) {
        var found = raise(List.of(name), high, low, age, ttl, false);
        if (found == null) {
            return new Raised.Failed();
        }
        if (found.getFirst().length == 0) {
            return new Raised.Stored();
        }
        var greater = open(name, found.getFirst(), ttl);
        if (greater != null) {
            return new Raised.Less(greater);
        }
        return raise(List.of(name), high, low, age, ttl, true) == null ? new Raised.Failed() : new Raised.Stored();
    }

    /**
     * Stores a number under several names, each unless a greater one is there, which may be a forged one: then the number
     * is unknown until that expires. Blocks for Redis.
     *
     * @param names of the numbers
     * @param high as in {@link #raise}
     * @param low as in {@link #raise}
     * @param age as in {@link #raise}
     * @param ttl as in {@link #raise}
     * @return false if Redis failed, or nothing can be signed
     */
    public boolean raiseAll(List<String> names, long high, long low, Duration age, Duration ttl) {
        for (int from = 0; from < names.size(); from += BATCH) {
            var batch = names.subList(from, Math.min(from + BATCH, names.size()));
            if (raise(batch, high, low, age, ttl, false) == null) {
                return false;
            }
        }
        return true;
    }

    /** Returns the values that stayed, empty for the others; null on failure. */
    private @Nullable List<byte[]> raise(
            List<String> names, long high, long low, Duration age, Duration ttl, boolean force) {
        var left = ttl.minus(age);
        if (!seal.hasKey() || !left.isPositive()) {
            return null;
        }
        var content = ByteBuffer.allocate(CONTENT).putLong(high).putLong(low).array();
        return redis.<@Nullable List<byte[]>>call(null, client -> {
            var keys = new ArrayList<byte[]>();
            var arguments =
                    new ArrayList<byte[]>(List.of(bytes(Long.toString(left.toMillis() + 1)), bytes(force ? "1" : "0")));
            for (var name : names) {
                keys.add(redis.key(key(name)));
                arguments.add(seal.seal(name, seal.now().minus(age), content));
            }
            if (!(RAISE.run(client, keys, arguments) instanceof List<?> reply) || reply.size() != names.size()) {
                throw new IllegalStateException("not a reply of the script");
            }
            return reply.stream().map(byte[].class::cast).toList();
        });
    }

    /** The result of {@link #find}. */
    public sealed interface Found {
        /** Signed, and not expired. */
        record Stored(Known known) implements Found {}

        /** Missing, forged or expired. */
        record Unknown() implements Found {}

        /** Redis failed, or nothing can be verified. */
        record Failed() implements Found {}
    }

    /**
     * Finds a number. Blocks for Redis.
     *
     * @param name of the number
     * @param ttl how long it is valid, as in {@link #raise}
     */
    public Found find(String name, Duration ttl) {
        if (!seal.hasKey()) {
            return new Found.Failed();
        }
        return redis.<Found>call(new Found.Failed(), client -> {
            var found = client.get(redis.key(key(name)));
            var known = found == null ? null : open(name, found, ttl);
            return known == null ? new Found.Unknown() : new Found.Stored(known);
        });
    }

    private static String key(String name) {
        return "byline:" + name;
    }

    /** Returns null if the value isn't signed, or is expired. A time ahead of this process's clock is taken as now. */
    private @Nullable Known open(String name, byte[] sealed, Duration ttl) {
        var opened = seal.open(name, ByteBuffer.wrap(sealed));
        if (opened == null || opened.bytes().remaining() != CONTENT) {
            return null;
        }
        var high = opened.bytes().getLong();
        var low = opened.bytes().getLong();
        var age = Duration.between(opened.loadedAt(), seal.now());
        if (high < 0 || low < 0 || age.compareTo(ttl) >= 0) {
            return null;
        }
        return new Known(high, low, age.isNegative() ? Duration.ZERO : age);
    }
}
