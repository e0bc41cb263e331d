/** Transactions, snapshots for idempotency keys, and the removal of deleted and expired rows. */
@NullMarked
package dev.byline.internal.store;

import org.jspecify.annotations.NullMarked;
