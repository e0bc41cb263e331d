package dev.byline.internal.store;

import dev.byline.internal.sql.TokenSql;
import dev.byline.model.Principal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records in the background when tokens are used, each every 5 minutes at most. A record may be lost. Runs one thread
 * while there is something to record. Safe for use by several threads.
 */
public final class TokenUses implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TokenUses.class);
    private static final Duration INTERVAL = Duration.ofMinutes(5);

    private final Store store;
    private final InstantSource clock;
    private final Set<Long> queued = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor executor = new ThreadPoolExecutor(
            1,
            1,
            10,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(1000),
            Thread.ofPlatform().daemon().name("byline-tokens").factory());

    /** Records into a store. */
    public TokenUses(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * Records the use of a token, if it wasn't recorded recently. Doesn't block.
     *
     * @param id the token's id
     * @param lastUsedAt its last recorded use
     * @return false if it was recorded recently
     */
    public boolean record(long id, @Nullable Instant lastUsedAt) {
        var recent = lastUsedAt != null && lastUsedAt.plus(INTERVAL).isAfter(clock.instant());
        if (recent || !queued.add(id)) {
            return !recent;
        }
        try {
            executor.execute(() -> write(id));
        } catch (RejectedExecutionException e) {
            queued.remove(id); // the queue is full: a later request records it
        }
        return true;
    }

    private void write(long id) {
        try {
            store.write(new Principal.Anonymous(), tx -> {
                TokenSql.used(tx.dsl(), id, INTERVAL);
                return null;
            });
        } catch (RuntimeException e) {
            LOG.debug("could not record the use of a token", e);
        } finally {
            queued.remove(id);
        }
    }

    /** Stops; uses in the queue are lost. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
