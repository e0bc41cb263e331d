/** What single steps of core cost: bench/README.md says how to run them. */
@NullMarked
package dev.byline.bench.micro;

import org.jspecify.annotations.NullMarked;
