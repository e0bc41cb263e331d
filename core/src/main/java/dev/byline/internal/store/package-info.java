/** Transactions, what is kept for idempotency keys, and the removal of rows that are deleted or expired. */
@NullMarked
package dev.byline.internal.store;

import org.jspecify.annotations.NullMarked;
