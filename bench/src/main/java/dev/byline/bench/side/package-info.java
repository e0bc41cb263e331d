/** What {@link dev.byline.bench.SideBySide} is made of. */
@NullMarked
package dev.byline.bench.side;

import org.jspecify.annotations.NullMarked;
