/** The connection pool, its timeouts, and batched look-ups. */
@NullMarked
package dev.byline.internal.pool;

import org.jspecify.annotations.NullMarked;
