package dev.byline.internal.cache;

import static dev.byline.internal.cache.RedisPool.bytes;

import dev.byline.internal.cache.RedisPool.Script;
import dev.byline.model.BucketLevel;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Leaky buckets in Redis. The remaining time to live of a key is the level of its bucket: Redis' clock empties it, and an
 * empty bucket takes no memory.
 */
public final class RedisLimits {
    /** Adds ARGV[1], and ARGV[2] if it fits into ARGV[3]. A level that Byline cannot have set is ignored. */
    private static final Script CHARGE = new Script("""
            local capacity = tonumber(ARGV[3])
            local level = redis.call('PTTL', KEYS[1])
            if level < 0 or level > 2 * capacity then level = 0 end
            level = math.min(level + tonumber(ARGV[1]), 2 * capacity)
            local accepted = 0
            if level + tonumber(ARGV[2]) <= capacity then
                accepted = 1
                level = level + tonumber(ARGV[2])
            end
            if level > 0 then redis.call('SET', KEYS[1], '', 'PX', level) end
            return {accepted, level}
            """);

    private final RedisPool redis;

    /**
     * Creates the limits.
     *
     * @param redis the connections
     */
    public RedisLimits(RedisPool redis) {
        this.redis = redis;
    }

    /**
     * Charges a bucket. All amounts are milliseconds.
     *
     * @param name of the bucket
     * @param owed is added in any case
     * @param asked is added if it fits
     * @param capacity of the bucket
     * @return null if Redis fails
     */
    public @Nullable BucketLevel charge(String name, long owed, long asked, long capacity) {
        return redis.<@Nullable BucketLevel>call(null, client -> {
            var arguments =
                    List.of(bytes(Long.toString(owed)), bytes(Long.toString(asked)), bytes(Long.toString(capacity)));
            var reply = (List<?>) CHARGE.run(client, List.of(redis.key("byline:limit:" + name)), arguments);
            if (reply == null || !(reply.get(0) instanceof Long accepted) || !(reply.get(1) instanceof Long level)) {
                throw new IllegalStateException("not a reply of the script");
            }
            return new BucketLevel(accepted == 1, Duration.ofMillis(Math.clamp(level, 0, 2 * capacity)));
        });
    }
}
