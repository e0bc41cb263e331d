/** Connections: the pool, its timeouts, and look-ups that share a statement. */
@NullMarked
package dev.byline.internal.pool;

import org.jspecify.annotations.NullMarked;
