/** What the tools share: they start servers, send load and judge the results in one way. */
@NullMarked
package dev.byline.bench.harness;

import org.jspecify.annotations.NullMarked;
