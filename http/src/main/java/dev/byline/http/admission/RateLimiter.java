package dev.byline.http.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import dev.byline.http.metrics.PrometheusMetrics;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Token buckets, one per key: a quota per time window, with bursts of up to one quota. Memory is bounded: a bucket
 * unused for two windows is full again and expires, and beyond {@value #MAX_BUCKETS} the least used are evicted. Limits
 * are per process: n replicas allow n times as much.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit header fields</a>
 */
public final class RateLimiter {
    private static final int MAX_BUCKETS = 100_000;

    private final String name;
    private final long quota;
    private final Duration window;
    private final String detail;
    private final PrometheusMetrics metrics;
    private final Cache<String, Bucket> buckets;

    private RateLimiter(String name, long quota, Duration window, String detail, PrometheusMetrics metrics) {
        this.name = name;
        this.quota = quota;
        this.window = window;
        this.detail = detail;
        this.metrics = metrics;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MAX_BUCKETS)
                .expireAfterAccess(window.multipliedBy(2))
                .build();
    }

    /**
     * Returns a limit of requests.
     *
     * @param name the name in RateLimit-Policy
     * @param quota requests per minute, 0 for no limit
     * @param metrics counts rejected requests
     */
    public static RateLimiter perMinute(String name, int quota, PrometheusMetrics metrics) {
        return new RateLimiter(
                name, quota, Duration.ofMinutes(1), "rate limit: at most " + quota + " requests per minute", metrics);
    }

    /**
     * Returns a limit of bytes.
     *
     * @param name the name in RateLimit-Policy
     * @param quota bytes per hour, 0 for no limit
     * @param metrics counts rejected requests
     */
    public static RateLimiter bytesPerHour(String name, long quota, PrometheusMetrics metrics) {
        return new RateLimiter(
                name, quota, Duration.ofHours(1), "rate limit: at most " + quota + " bytes per hour", metrics);
    }

    /** Consumes one token and reports the rest in RateLimit. Rejects the request (429) if none is left. */
    public void spend(Context ctx, String key) {
        if (quota == 0) {
            return;
        }
        var probe = take(ctx, key, 1);
        ctx.header("RateLimit-Policy", policy());
        ctx.header("RateLimit", state(probe));
    }

    /**
     * Consumes several tokens and adds this limit to RateLimit, beside another one. Rejects the request (429) if too
     * few are left.
     */
    public void spendBeside(Context ctx, String key, long amount) {
        if (quota == 0 || amount == 0) {
            return;
        }
        var probe = take(ctx, key, amount);
        ctx.res().addHeader("RateLimit-Policy", policy());
        ctx.res().addHeader("RateLimit", state(probe));
    }

    private ConsumptionProbe take(Context ctx, String key, long amount) {
        var probe = bucket(key).tryConsumeAndReturnRemaining(amount);
        if (!probe.isConsumed()) {
            throw exhausted(ctx, state(probe), probe.getNanosToWaitForRefill());
        }
        return probe;
    }

    /** Consumes one token if there is one. Sets no header and rejects nothing. */
    public void spendQuietly(String key) {
        if (quota > 0) {
            boolean ignored = bucket(key).tryConsume(1);
        }
    }

    /** Rejects the request (429) if no token is left. Consumes none. */
    public void requireLeft(Context ctx, String key) {
        var bucket = quota == 0 ? null : buckets.getIfPresent(key);
        if (bucket == null) {
            return; // an absent bucket is full
        }
        var probe = bucket.estimateAbilityToConsume(1);
        if (!probe.canBeConsumed()) {
            throw exhausted(ctx, state(probe.getRemainingTokens()), probe.getNanosToWaitForRefill());
        }
    }

    /** Returns the token that {@link #spend} consumed. */
    public void refund(Context ctx, String key) {
        if (quota == 0) {
            return;
        }
        var bucket = bucket(key);
        bucket.addTokens(1);
        ctx.header("RateLimit", state(bucket.getAvailableTokens()));
    }

    private String policy() {
        return "\"" + name + "\";q=" + quota + ";w=" + window.toSeconds();
    }

    private String state(ConsumptionProbe probe) {
        return state(probe.getRemainingTokens(), seconds(probe.getNanosToWaitForReset()));
    }

    private String state(long left) {
        return state(left, Math.ceilDiv((quota - left) * window.toSeconds(), quota));
    }

    private String state(long left, long secondsToReset) {
        return "\"" + name + "\";r=" + left + ";t=" + secondsToReset;
    }

    private Bucket bucket(String key) {
        return buckets.get(
                key,
                each -> Bucket.builder()
                        .addLimit(limit -> limit.capacity(quota).refillGreedy(quota, window))
                        .build());
    }

    private HttpProblem exhausted(Context ctx, String state, long nanosToRefill) {
        metrics.limited(name);
        ctx.header("RateLimit-Policy", policy());
        ctx.header("RateLimit", state);
        return new HttpProblem(
                Problem.TOO_MANY_REQUESTS,
                detail,
                List.of(),
                Map.of("Retry-After", Long.toString(seconds(nanosToRefill))));
    }

    private static long seconds(long nanos) {
        return Math.ceilDiv(nanos, 1_000_000_000L);
    }
}
