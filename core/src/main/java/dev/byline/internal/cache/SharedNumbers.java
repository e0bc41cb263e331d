package dev.byline.internal.cache;

import static dev.byline.internal.cache.RedisPool.bytes;

import dev.byline.internal.cache.RedisPool.Script;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers in Redis, each the greatest that any process stored. Signed by {@link CacheSeal}: one that is forged, missing
 * or expired is unknown, and so is every number while Redis fails. Safe for use by several threads.
 */
public final class SharedNumbers {
    /** A greater number stays; with ARGV[3], it is replaced, because it wasn't signed. Bytes 17 to 24 are the number. */
    private static final Script RAISE = new Script("""
            local found = redis.pcall('GET', KEYS[1])
            if ARGV[3] == '0' and type(found) == 'string' and #found == #ARGV[1] then
                for i = 17, 24 do
                    local difference = string.byte(found, i) - string.byte(ARGV[1], i)
                    if difference > 0 then return found end
                    if difference < 0 then break end
                end
            end
            redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
            return false
            """);

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
     * @param number zero or greater
     * @param age zero or longer
     */
    public record Known(long number, Duration age) {}

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

    /** Returns whether numbers can be signed and verified. Doesn't block. */
    public boolean isReadyNow() {
        return seal.hasKey();
    }

    /**
     * Stores a number unless a greater one is there. Blocks for Redis.
     *
     * @param name of the number
     * @param number zero or greater
     * @param age the time since it was learned
     * @param ttl how long it is valid from then on
     */
    public Raised raise(String name, long number, Duration age, Duration ttl) {
        var left = ttl.minus(age);
        if (!seal.hasKey() || !left.isPositive()) {
            return new Raised.Failed();
        }
        var content = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
        var sealed = seal.seal(name, seal.now().minus(age), content);
        return redis.<Raised>call(new Raised.Failed(), client -> {
            for (var force : List.of("0", "1")) {
                var arguments = List.of(sealed, bytes(Long.toString(left.toMillis() + 1)), bytes(force));
                if (!(RAISE.run(client, List.of(redis.key(key(name))), arguments) instanceof byte[] found)) {
                    return new Raised.Stored();
                }
                var greater = open(name, found, ttl);
                if (greater != null) {
                    return new Raised.Less(greater);
                }
            }
            return new Raised.Failed();
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

    private @Nullable Known open(String name, byte[] sealed, Duration ttl) {
        var opened = seal.open(name, ByteBuffer.wrap(sealed));
        if (opened == null || opened.bytes().remaining() != Long.BYTES) {
            return null;
        }
        var number = opened.bytes().getLong();
        var left = seal.left(opened.loadedAt(), ttl);
        if (number < 0 || !left.isPositive()) {
            return null;
        }
        var age = ttl.minus(left);
        return new Known(number, age.isNegative() ? Duration.ZERO : age);
    }
}
