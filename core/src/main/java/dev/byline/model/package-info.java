/** Arguments, results and exceptions of the use cases. Immutable; values are checked when they are created. */
@NullMarked
package dev.byline.model;

import org.jspecify.annotations.NullMarked;
