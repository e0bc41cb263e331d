/** Core in the transactions of real hosts. */
@NullMarked
package dev.byline.bench.hosts;

import org.jspecify.annotations.NullMarked;
