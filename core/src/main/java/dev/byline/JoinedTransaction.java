package dev.byline;

/**
 * The use cases in a transaction that the caller began, and commits or rolls back. Call {@link #committed} after the
 * commit, so that this process and others see the changes at once. Without the call nothing is lost: caches are stale
 * up to their times to live (5 s in a process, 60 s in Redis), and the rows of a deleted user, which nobody sees, are
 * removed by the next round of housekeeping. After a rollback there is nothing to call.
 */
public final class JoinedTransaction extends BylineTransaction {
    private final Runnable committed;
    private final Runnable uncertain;

    JoinedTransaction(Parts parts, Runnable committed, Runnable uncertain) {
        super(parts);
        this.committed = committed;
        this.uncertain = uncertain;
    }

    /**
     * Invalidates what the transaction changed, and ends this object. When it returns, no read that starts in this
     * process sees the old values. Calling it again has no further effect than another invalidation. Blocks for Redis,
     * if there is one; throws nothing.
     */
    public void committed() {
        committed.run();
    }

    /**
     * Does the same as {@link #committed} when the outcome of the commit is unknown because the connection broke: with
     * Redis, it repeats the invalidations for 10 s, because the commit may still happen.
     */
    public void unknown() {
        uncertain.run();
    }
}
