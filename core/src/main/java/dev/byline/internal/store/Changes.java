package dev.byline.internal.store;

import dev.byline.internal.cache.CacheKey;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jooq.DSLContext;

/** What must follow a commit: the cache keys to invalidate, and whether rows are left to remove. Used by one thread. */
final class Changes {
    private final Set<CacheKey<?>> stale = new LinkedHashSet<>();
    private boolean leavesRows;
    private boolean committing;

    /** Returns a transaction that adds its changes here. */
    Tx on(DSLContext dsl) {
        return new Tx(dsl, this);
    }

    void addStale(Set<CacheKey<?>> keys) {
        stale.addAll(keys);
    }

    void leaveRows() {
        leavesRows = true;
    }

    void addAll(Changes other) {
        stale.addAll(other.stale);
        leavesRows |= other.leavesRows;
    }

    Set<CacheKey<?>> stale() {
        return stale;
    }

    boolean leavesRows() {
        return leavesRows;
    }

    /** Notes that the commit follows: from now on, a failure may leave the outcome unknown. */
    void commit() {
        committing = true;
    }

    boolean isCommitting() {
        return committing;
    }
}
