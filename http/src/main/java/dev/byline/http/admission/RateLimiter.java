package dev.byline.http.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.byline.SharedLimits;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import dev.byline.http.metrics.PrometheusMetrics;
import io.github.bucket4j.Bucket;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Token buckets, one per key: a quota per time window, with bursts of up to one quota. Memory is bounded: a bucket
 * unused for two windows is full again and expires, and beyond {@value #MAX_BUCKETS} the least used are evicted.
 *
 * <p>With Redis, processes share the quota: a request must be accepted by the bucket of this process, then by the shared
 * one ({@link SharedBucket}). Without Redis n replicas allow n times as much.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit header fields</a>
 */
public final class RateLimiter {
    private static final int MAX_BUCKETS = 100_000;

    /** A process charges this share of a quota at a time. */
    private static final int BATCHES = 20;

    /**
     * The most requests that are charged at a time: more would cost hardly less. With high quotas it is what 20 ms refill,
     * because charges are rounded up to milliseconds.
     */
    private static final int MAX_BATCH = 30;

    private final String name;
    private final long quota;
    private final Duration window;
    private final long batch;
    private final String detail;
    private final PrometheusMetrics metrics;
    private final SharedLimits shared;
    private final Cache<String, Buckets> buckets;

    private RateLimiter(
            String name,
            long quota,
            Duration window,
            long batch,
            String detail,
            SharedLimits shared,
            PrometheusMetrics metrics) {
        this.name = name;
        this.quota = quota;
        this.window = window;
        this.batch = batch;
        this.detail = detail;
        this.shared = shared;
        this.metrics = metrics;
        if (quota > 0) {
            metrics.limit(name);
        }
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MAX_BUCKETS)
                .expireAfterAccess(window.multipliedBy(2))
                .build();
    }

    /** The buckets of one key. */
    private record Buckets(Bucket own, @Nullable SharedBucket shared) {}

    /** What is left of a key's quota. */
    private record State(boolean accepted, long left, long nanosToReset, long nanosToRefill) {}

    /**
     * Returns a limit of requests. Processes that share it charge every request.
     *
     * @param name the name in RateLimit-Policy
     * @param quota requests per minute, 0 for no limit
     * @param shared the limits shared with other processes
     * @param metrics counts rejected requests
     */
    public static RateLimiter perMinute(String name, int quota, SharedLimits shared, PrometheusMetrics metrics) {
        return perMinute(name, quota, 1, shared, metrics);
    }

    /**
     * Returns a limit of requests that are cheap and frequent. Processes that share it charge 5 % of the quota at a time, at
     * most 30 requests or what 20 ms refill: each process may exceed the quota of a key by less than that.
     *
     * @param name the name in RateLimit-Policy
     * @param quota requests per minute, 0 for no limit
     * @param shared the limits shared with other processes
     * @param metrics counts rejected requests
     */
    public static RateLimiter perMinuteInBatches(
            String name, int quota, SharedLimits shared, PrometheusMetrics metrics) {
        return perMinute(
                name, quota, Math.clamp(quota / BATCHES, 1, Math.max(MAX_BATCH, quota / 3000)), shared, metrics);
    }

    private static RateLimiter perMinute(
            String name, int quota, long batch, SharedLimits shared, PrometheusMetrics metrics) {
        return new RateLimiter(
                name,
                quota,
                Duration.ofMinutes(1),
                batch,
                "rate limit: at most " + quota + " requests per minute",
                shared,
                metrics);
    }

    /**
     * Returns a limit of bytes. Processes that share it charge 5 % of the quota at a time: each process may exceed the
     * quota of a key by less than that.
     *
     * @param name the name in RateLimit-Policy
     * @param quota bytes per hour, 0 for no limit
     * @param shared the limits shared with other processes
     * @param metrics counts rejected requests
     */
    public static RateLimiter bytesPerHour(String name, long quota, SharedLimits shared, PrometheusMetrics metrics) {
        return new RateLimiter(
                name,
                quota,
                Duration.ofHours(1),
                Math.max(1, quota / BATCHES),
                "rate limit: at most " + quota + " bytes per hour",
                shared,
                metrics);
    }

    /** Consumes one token and reports the rest in RateLimit. Rejects the request (429) if none is left. */
    public void spend(Context ctx, String key) {
        if (quota == 0) {
            return;
        }
        var state = take(ctx, key, 1);
        ctx.header("RateLimit-Policy", policy());
        ctx.header("RateLimit", text(state));
    }

    /**
     * Consumes several tokens and adds this limit to RateLimit, beside another one. Rejects the request (429) if too
     * few are left.
     */
    public void spendBeside(Context ctx, String key, long amount) {
        if (quota == 0 || amount == 0) {
            return;
        }
        var state = take(ctx, key, amount);
        ctx.res().addHeader("RateLimit-Policy", policy());
        ctx.res().addHeader("RateLimit", text(state));
    }

    private State take(Context ctx, String key, long amount) {
        var state = consume(key, amount);
        if (!state.accepted()) {
            throw exhausted(ctx, state);
        }
        return state;
    }

    /** Consumes one token if there is one. Sets no header and rejects nothing. */
    public void spendQuietly(String key) {
        if (quota > 0) {
            var unused = consume(key, 1);
        }
    }

    private State consume(String key, long amount) {
        var both = buckets(key);
        var probe = both.own().tryConsumeAndReturnRemaining(amount);
        var state = new State(
                probe.isConsumed(),
                probe.getRemainingTokens(),
                probe.getNanosToWaitForReset(),
                probe.getNanosToWaitForRefill());
        if (!state.accepted() || both.shared() == null) {
            return state;
        }
        var wait = both.shared().consume(amount);
        if (wait > 0) {
            both.own().addTokens(amount);
            var left = both.shared().remaining();
            return new State(false, left, nanosToReset(left), wait);
        }
        return state(both);
    }

    /** Returns the lower of the two buckets, after a request that both accepted. */
    private State state(Buckets both) {
        var own = both.own().getAvailableTokens();
        var left = both.shared() == null ? own : Math.min(own, both.shared().remaining());
        return new State(true, left, nanosToReset(left), 0);
    }

    private long nanosToReset(long left) {
        return (long) ((double) (quota - left) / quota * window.toNanos());
    }

    /** Rejects the request (429) if no token is left. Consumes none. */
    public void requireLeft(Context ctx, String key) {
        var both = quota == 0 ? null : buckets.getIfPresent(key);
        if (both == null) {
            return; // an absent bucket is full
        }
        var own = both.own().estimateAbilityToConsume(1).getNanosToWaitForRefill();
        var wait = both.shared() == null ? own : Math.max(own, both.shared().nanosUntil(1));
        if (wait > 0) {
            throw exhausted(ctx, new State(false, 0, nanosToReset(0), wait));
        }
    }

    /** Returns the token that {@link #spend} consumed. */
    public void refund(Context ctx, String key) {
        if (quota == 0) {
            return;
        }
        var both = buckets(key);
        both.own().addTokens(1);
        if (both.shared() != null) {
            both.shared().refund(1);
        }
        ctx.header("RateLimit", text(state(both)));
    }

    private String policy() {
        return "\"" + name + "\";q=" + quota + ";w=" + window.toSeconds();
    }

    private String text(State state) {
        return "\"" + name + "\";r=" + state.left() + ";t=" + seconds(state.nanosToReset());
    }

    private Buckets buckets(String key) {
        return buckets.get(
                key,
                each -> new Buckets(
                        Bucket.builder()
                                .addLimit(limit -> limit.capacity(quota).refillGreedy(quota, window))
                                .build(),
                        shared.isShared()
                                ? new SharedBucket(shared, name + ":" + key, quota, window, batch, System::nanoTime)
                                : null));
    }

    private HttpProblem exhausted(Context ctx, State state) {
        metrics.limited(name);
        ctx.header("RateLimit-Policy", policy());
        ctx.header("RateLimit", text(state));
        return new HttpProblem(
                Problem.TOO_MANY_REQUESTS,
                detail,
                List.of(),
                Map.of("Retry-After", Long.toString(seconds(state.nanosToRefill()))));
    }

    private static long seconds(long nanos) {
        return Math.ceilDiv(nanos, 1_000_000_000L);
    }
}
