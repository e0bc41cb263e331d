/** Writes that may be repeated: the same key, the same answer, one effect. */
@NullMarked
package dev.byline.idempotency;

import org.jspecify.annotations.NullMarked;
