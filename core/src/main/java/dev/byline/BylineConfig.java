package dev.byline;

import dev.byline.db.DatabaseUrl;
import dev.byline.db.PoolSizing;
import java.time.Duration;

/**
 * How Byline is set up. Start from {@link #of}.
 *
 * @param database where the data is and how it is reached
 * @param tokenTtl how long tokens live, up to {@link dev.byline.token.Tokens#MAX_TTL}
 */
public record BylineConfig(Database database, Duration tokenTtl) {
    /** How long tokens live when nobody says otherwise. */
    public static final Duration TOKEN_TTL = Duration.ofDays(30);

    /**
     * The defaults, on a database.
     *
     * @param url as in {@link DatabaseUrl}
     * @throws IllegalArgumentException when the URL isn't understood
     */
    public static BylineConfig of(String url) {
        return new BylineConfig(Database.of(DatabaseUrl.parse(url)), TOKEN_TTL);
    }

    /**
     * The database and its pool.
     *
     * @param url where it is
     * @param poolSize connections kept open, at least 1
     * @param connectionTimeout the longest wait for a free one, at least 250 ms
     * @param statementTimeout the longest that a statement may run, 1 ms to 2 s: the driver gives up on the connection
     *     after 2 s
     * @param maxLifetime when a connection is replaced, at least 30 s
     */
    public record Database(
            DatabaseUrl url,
            int poolSize,
            Duration connectionTimeout,
            Duration statementTimeout,
            Duration maxLifetime) {

        /** @throws IllegalArgumentException when a value is out of range */
        public Database {
            check(poolSize >= 1, "pool size must be at least 1");
            check(connectionTimeout.toMillis() >= 250, "connection timeout must be at least 250ms");
            check(
                    statementTimeout.toMillis() >= 1 && statementTimeout.toMillis() < 2000,
                    "statement timeout must be 1ms to less than 2s");
            check(maxLifetime.toSeconds() >= 30, "maximum lifetime must be at least 30s");
        }

        /**
         * The defaults: as many connections as {@link PoolSizing} gives for a database on this machine with an SSD, used by
         * this process alone.
         *
         * @param url where it is
         */
        public static Database of(DatabaseUrl url) {
            var poolSize = PoolSizing.forDatabase(Runtime.getRuntime().availableProcessors(), 1);
            return new Database(url, poolSize, Duration.ofSeconds(1), Duration.ofMillis(1500), Duration.ofMinutes(29));
        }

        /**
         * The same with another number of connections.
         *
         * @param size at least 1
         */
        public Database withPoolSize(int size) {
            return new Database(url, size, connectionTimeout, statementTimeout, maxLifetime);
        }

        private static void check(boolean holds, String message) {
            if (!holds) {
                throw new IllegalArgumentException(message);
            }
        }
    }
}
