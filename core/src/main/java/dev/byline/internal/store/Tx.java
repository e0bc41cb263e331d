package dev.byline.internal.store;

import dev.byline.internal.cache.CacheKey;
import java.util.Set;
import org.jooq.DSLContext;

/**
 * A transaction: the context of its statements, and the cache keys that it makes stale. These are invalidated after the
 * commit, and repeatedly while the outcome of the commit is unknown. Used by one thread.
 */
public final class Tx {
    private final DSLContext dsl;
    private final Set<CacheKey<?>> stale;

    Tx(DSLContext dsl, Set<CacheKey<?>> stale) {
        this.dsl = dsl;
        this.stale = stale;
    }

    /** Returns the context of this transaction. */
    public DSLContext dsl() {
        return dsl;
    }

    /**
     * Adds keys that are stale once this is committed.
     *
     * @param keys as in {@link dev.byline.internal.cache.CacheKeys}
     */
    public void invalidate(Set<CacheKey<?>> keys) {
        stale.addAll(keys);
    }
}
