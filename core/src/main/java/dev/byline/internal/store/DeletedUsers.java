package dev.byline.internal.store;

import dev.byline.internal.sql.DeletedUserSql;
import dev.byline.internal.sql.ServerFactsSql;
import dev.byline.internal.sql.Violations;
import dev.byline.model.BylineException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the rows of users who are marked as deleted, ordered by id, in batches, each in its own transaction. If the
 * database rejects the removal of a user, because rows of the host refer to it, the user stays marked and the others
 * are removed; this is logged once and retried every hour. Not safe for use by several threads.
 */
final class DeletedUsers {
    private static final Logger LOG = LoggerFactory.getLogger(DeletedUsers.class);

    static final Duration RETRY_INTERVAL = Duration.ofHours(1);

    private static final int PAGE = 100;

    /** The most rows removed in one transaction: the body of a post may be stored in hundreds of chunks. */
    private static final int BATCH = 200;

    /** The most users remembered as not removable; those beyond it are retried in every round and not logged. */
    private static final int MAX_REFUSED = 10_000;

    private final Database database;
    private final InstantSource clock;

    /** When to retry users who could not be removed. */
    private final Map<Long, Instant> refused = new HashMap<>();

    DeletedUsers(Database database, InstantSource clock) {
        this.database = database;
        this.clock = clock;
    }

    /**
     * Tries once to remove each user who is marked.
     *
     * @param stopping checked between batches
     * @throws BylineException.Unavailable when the database is unavailable
     */
    void remove(BooleanSupplier stopping) {
        var stillRefused = new HashSet<Long>();
        for (var page = database.read(dsl -> DeletedUserSql.markedDeleted(dsl, 0, PAGE));
                !page.isEmpty() && !stopping.getAsBoolean(); ) {
            for (var id : page) {
                if (isDue(id)) {
                    tryToRemove(id, stopping);
                }
                if (refused.containsKey(id)) {
                    stillRefused.add(id);
                }
            }
            var last = page.getLast();
            page = database.read(dsl -> DeletedUserSql.markedDeleted(dsl, last, PAGE));
        }
        if (!stopping.getAsBoolean()) {
            refused.keySet().retainAll(stillRefused);
        }
    }

    private boolean isDue(long id) {
        var retry = refused.get(id);
        return retry == null || !clock.instant().isBefore(retry);
    }

    private void tryToRemove(long id, BooleanSupplier stopping) {
        try {
            remove(id, stopping);
            refused.remove(id);
        } catch (BylineException.Unavailable e) {
            var unused = database.read(ServerFactsSql::read); // throws if the whole database is unavailable
            LOG.info("could not remove user {}, who is deleted; will try again", id, e);
        } catch (RuntimeException e) {
            refuse(id, e);
        }
    }

    private void refuse(long id, RuntimeException e) {
        if (!refused.containsKey(id) && refused.size() >= MAX_REFUSED) {
            return;
        }
        if (refused.put(id, clock.instant().plus(RETRY_INTERVAL)) == null) {
            LOG.warn(
                    "user {} is deleted, but their rows cannot be removed: {}. Remove what refers to them; this is retried every"
                            + " hour and logged once",
                    id,
                    Violations.rule(e).orElseGet(e::toString));
        }
    }

    private void remove(long id, BooleanSupplier stopping) {
        if (BatchedDelete.run(
                BATCH, stopping, limit -> database.write(dsl -> DeletedUserSql.deleteRows(dsl, id, limit)))) {
            var unused = database.write(dsl -> DeletedUserSql.lock(dsl, id) && DeletedUserSql.deleteMarked(dsl, id));
        }
    }
}
