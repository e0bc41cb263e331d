/** The entry point, {@link dev.byline.Byline}, and the use cases that it gives access to. */
@NullMarked
package dev.byline;

import org.jspecify.annotations.NullMarked;
