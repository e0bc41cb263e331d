package dev.byline.internal.store;

import dev.byline.internal.cache.CacheKey;
import java.util.Collection;
import java.util.Set;
import org.jooq.DSLContext;

/**
 * A transaction: the context of its statements, and what must follow its commit. Stale cache keys are invalidated after
 * the commit, and repeatedly while its outcome is unknown. Used by one thread.
 */
public final class Tx {
    private final DSLContext dsl;
    private final Changes changes;

    Tx(DSLContext dsl, Changes changes) {
        this.dsl = dsl;
        this.changes = changes;
    }

    /** Returns the context of this transaction. */
    public DSLContext dsl() {
        return dsl;
    }

    Changes changes() {
        return changes;
    }

    /**
     * Adds keys that are stale once this is committed.
     *
     * @param keys as in {@link dev.byline.internal.cache.CacheKeys}
     */
    public void invalidate(Set<CacheKey<?>> keys) {
        changes.addStale(keys);
    }

    /**
     * Adds users whose next reads must show this, besides the caller: those whose data it changes.
     *
     * @param users their ids
     */
    public void concerns(Collection<Long> users) {
        changes.addWriters(users);
    }

    /** Notes that this leaves rows behind that {@link Housekeeper} must remove. */
    public void leaveRows() {
        changes.leaveRows();
    }
}
