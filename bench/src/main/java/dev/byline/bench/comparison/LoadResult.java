package dev.byline.bench.comparison;

/**
 * The result of wrk or pgbench.
 *
 * @param bytes of responses with their headers, 0 for pgbench
 */
record LoadResult(long requests, double seconds, long bytes, double p50Millis, double p99Millis) {}
