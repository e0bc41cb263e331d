/** What {@link dev.byline.bench.Fuzz} is made of. */
@NullMarked
package dev.byline.bench.fuzz;

import org.jspecify.annotations.NullMarked;
