/** The comparison of Byline with other servers: {@link dev.byline.bench.SideBySide}. */
@NullMarked
package dev.byline.bench.comparison;

import org.jspecify.annotations.NullMarked;
