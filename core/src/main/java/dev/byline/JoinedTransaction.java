package dev.byline;

/**
 * The use cases in a transaction that the caller began, and commits or rolls back. Call {@link #committed} after the
 * commit, so that this process and others see the changes at once. Without the call nothing is lost: caches are stale
 * up to their times to live (5 s in a process, 60 s in Redis), and the rows of a deleted user, which are already
 * invisible, are removed by the next round of housekeeping. After a rollback there is nothing to call.
 *
 * <p>This object serves one transaction: join the next one on the connection with a new call of {@link Byline#in}.
 * Byline can't see when the caller commits or rolls back.
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
     * process sees the old values. Calling it again only invalidates again. Blocks for Redis, if there is one.
     *
     * @throws IllegalStateException when another thread is using the transaction
     */
    public void committed() {
        committed.run();
    }

    /**
     * Does the same as {@link #committed} when the outcome of the commit is unknown because the connection broke: with
     * Redis, it repeats the invalidations for 10 s, because the commit may still happen. After a rollback it does no
     * harm.
     *
     * @throws IllegalStateException when another thread is using the transaction
     */
    public void unknown() {
        uncertain.run();
    }
}
