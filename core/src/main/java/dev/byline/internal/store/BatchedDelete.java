package dev.byline.internal.store;

import dev.byline.model.BylineException;
import java.util.function.BooleanSupplier;
import java.util.function.IntUnaryOperator;

/**
 * Deletes rows in batches, each in a transaction of its own, so that no statement runs long however many rows there
 * are.
 */
final class BatchedDelete {
    private BatchedDelete() {}

    /**
     * Repeats a delete until it finds fewer rows than its limit. A batch that fails is tried again with a quarter of
     * the rows, as it may have been too much for the statement timeout.
     *
     * @param limit rows of the first batch
     * @param stopping asked between batches
     * @param delete deletes at most as many rows as it is given, and returns how many there were
     * @return whether it came to the end
     * @throws BylineException.Unavailable when not even one row could be deleted
     */
    static boolean run(int limit, BooleanSupplier stopping, IntUnaryOperator delete) {
        for (var batch = limit; !stopping.getAsBoolean(); ) {
            try {
                if (delete.applyAsInt(batch) < batch) {
                    return true;
                }
            } catch (BylineException.Unavailable e) {
                if (batch == 1) {
                    throw e;
                }
                batch = Math.max(1, batch / 4);
            }
        }
        return false;
    }
}
