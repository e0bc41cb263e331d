package dev.byline;

import org.jspecify.annotations.Nullable;

/**
 * The work of one transaction.
 *
 * @param <T> the result
 * @param <E> a checked exception that it throws; inferred as an unchecked one if it throws none
 */
@FunctionalInterface
public interface TransactionCallback<T extends @Nullable Object, E extends Exception> {
    /**
     * Runs the statements of the transaction.
     *
     * @param transaction the use cases and the connection; ends when this returns
     * @throws E to roll back
     */
    T run(BylineTransaction transaction) throws E;
}
