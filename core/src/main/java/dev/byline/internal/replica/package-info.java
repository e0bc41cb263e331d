/** Standbys that serve reads: how far each has replayed, and which of them has a reader's last write. */
@NullMarked
package dev.byline.internal.replica;

import org.jspecify.annotations.NullMarked;
