package dev.byline.internal.store;

import dev.byline.internal.cache.CacheKey;
import dev.byline.internal.replica.WalPosition;
import dev.byline.internal.replica.WrittenPositions;
import dev.byline.model.Principal;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jooq.DSLContext;

/**
 * What must follow a commit: the cache keys to invalidate, the users whose next reads must show it, and whether rows are
 * left to remove. Used by one thread.
 */
final class Changes {
    private final Set<CacheKey<?>> stale = new LinkedHashSet<>();
    private final Set<Long> writers = new LinkedHashSet<>();
    private WalPosition position = WalPosition.UNKNOWN;
    private boolean leavesRows;
    private boolean committing;

    /** Returns changes that a caller makes. */
    static Changes of(Principal caller) {
        var changes = new Changes();
        var key = WrittenPositions.key(caller);
        if (key != null) {
            changes.writers.add(key);
        }
        return changes;
    }

    /** Returns a transaction that adds its changes here. */
    Tx on(DSLContext dsl) {
        return new Tx(dsl, this);
    }

    void addStale(Set<CacheKey<?>> keys) {
        stale.addAll(keys);
    }

    /** Adds users whose next reads must show this. */
    void addWriters(Collection<Long> keys) {
        writers.addAll(keys);
    }

    Set<Long> writers() {
        return writers;
    }

    boolean hasWriters() {
        return !writers.isEmpty();
    }

    /** Notes the position of the primary after the commit. */
    void committedAt(WalPosition value) {
        position = value;
    }

    /** Returns the position of the primary after the commit; {@link WalPosition#UNKNOWN} until it is noted. */
    WalPosition position() {
        return position;
    }

    void leaveRows() {
        leavesRows = true;
    }

    void addAll(Changes other) {
        stale.addAll(other.stale);
        writers.addAll(other.writers);
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
