/** The load test that users can run: bench/README.md says how. */
@NullMarked
package dev.byline.bench.gatling;

import org.jspecify.annotations.NullMarked;
