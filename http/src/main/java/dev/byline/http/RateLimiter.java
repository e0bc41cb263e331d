package dev.byline.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Token buckets, one for each key: so many requests a minute, a burst of one minute's worth. Memory is bounded: a bucket
 * that nobody touched for two minutes is full again and may be forgotten, and beyond {@value #MAX_BUCKETS} the least used
 * go. Per process: n replicas let n times as much through.
 *
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit header fields</a>
 */
final class RateLimiter {
    private static final int MAX_BUCKETS = 100_000;

    private final String name;
    private final int perMinute;
    private final PrometheusMetrics metrics;
    private final Cache<String, Bucket> buckets = Caffeine.newBuilder()
            .maximumSize(MAX_BUCKETS)
            .expireAfterAccess(Duration.ofMinutes(2))
            .build();

    /**
     * A limit.
     *
     * @param name for RateLimit-Policy
     * @param perMinute 0 for no limit
     * @param metrics counts what is over it
     */
    RateLimiter(String name, int perMinute, PrometheusMetrics metrics) {
        this.metrics = metrics;
        this.name = name;
        this.perMinute = perMinute;
    }

    /** Takes one from the key's bucket and tells the client what is left. */
    void spend(Context ctx, String key) {
        if (perMinute == 0) {
            return;
        }
        var probe = bucket(key).tryConsumeAndReturnRemaining(1);
        ctx.header("RateLimit-Policy", "\"" + name + "\";q=" + perMinute + ";w=60");
        tell(ctx, probe.getRemainingTokens(), seconds(probe.getNanosToWaitForReset()));
        if (!probe.isConsumed()) {
            metrics.limited(name);
            throw exhausted(probe.getNanosToWaitForRefill());
        }
    }

    /** Gives back what {@link #spend} took. */
    void refund(Context ctx, String key) {
        if (perMinute == 0) {
            return;
        }
        var bucket = bucket(key);
        bucket.addTokens(1);
        var left = bucket.getAvailableTokens();
        tell(ctx, left, Math.ceilDiv((perMinute - left) * 60, perMinute));
    }

    private void tell(Context ctx, long left, long secondsToReset) {
        ctx.header("RateLimit", "\"" + name + "\";r=" + left + ";t=" + secondsToReset);
    }

    private Bucket bucket(String key) {
        return buckets.get(
                key,
                each -> Bucket.builder()
                        .addLimit(limit -> limit.capacity(perMinute).refillGreedy(perMinute, Duration.ofMinutes(1)))
                        .build());
    }

    private HttpProblem exhausted(long nanos) {
        return new HttpProblem(
                Problem.TOO_MANY_REQUESTS,
                "at most " + perMinute + " a minute",
                List.of(),
                Map.of("Retry-After", Long.toString(seconds(nanos))));
    }

    private static long seconds(long nanos) {
        return Math.ceilDiv(nanos, 1_000_000_000L);
    }
}
