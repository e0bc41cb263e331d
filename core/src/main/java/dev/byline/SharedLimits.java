package dev.byline;

import dev.byline.internal.cache.RedisLimits;
import dev.byline.internal.security.Digests;
import dev.byline.model.BucketLevel;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Limits that all processes with the same Redis, database and schema share: leaky buckets as meters. A bucket holds an
 * amount of time and leaks as time passes. For a limit of 600 requests per minute the capacity is a minute, and a request
 * adds a tenth of a second. Redis is trusted: a program that can write to it can empty and fill buckets. Apply a limit per
 * process, too.
 *
 * @see <a href="https://www.itu.int/rec/T-REC-I.371">ITU-T I.371, Annex A: the generic cell rate algorithm</a>
 */
public final class SharedLimits {
    private static final Duration LONGEST = Duration.ofDays(366);

    private final @Nullable RedisLimits limits;

    SharedLimits(@Nullable RedisLimits limits) {
        this.limits = limits;
    }

    /** Returns whether there is a Redis. Without one, {@link #charge} is always empty. */
    public boolean isShared() {
        return limits != null;
    }

    /**
     * Adds to a bucket. Blocks for Redis: up to 50 ms for a pooled connection, 100 ms to open one and 50 ms for each reply;
     * not at all while Redis is bypassed after failures. The first call may query the database for the schema.
     *
     * @param name of the bucket; Redis gets its SHA-256 only
     * @param owed for work that is done, zero or positive: is added in any case, and may exceed the capacity
     * @param asked for work that is to be done, zero or positive: is added only if it fits
     * @param capacity of the bucket, positive; no duration may be longer than a year. Charges are rounded up to milliseconds
     * @return empty without Redis, or when it fails or doesn't answer in time
     * @throws IllegalArgumentException when a duration is out of range
     */
    public Optional<BucketLevel> charge(String name, Duration owed, Duration asked, Duration capacity) {
        for (var each : List.of(owed, asked, capacity)) {
            if (each.isNegative() || each.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException("a duration must be zero to a year");
            }
        }
        return limits == null
                ? Optional.empty()
                : Optional.ofNullable(limits.charge(
                        HexFormat.of().formatHex(Digests.sha256(List.of(name))),
                        millis(owed),
                        millis(asked),
                        Math.max(1, millis(capacity))));
    }

    private static long millis(Duration duration) {
        return duration.plusNanos(999_999).toMillis();
    }
}
