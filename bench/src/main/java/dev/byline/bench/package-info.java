/** Tools that measure; bench/README.md says how to run them. */
@NullMarked
package dev.byline.bench;

import org.jspecify.annotations.NullMarked;
