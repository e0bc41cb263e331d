/** Metrics for Prometheus. */
@NullMarked
package dev.byline.http.metrics;

import org.jspecify.annotations.NullMarked;
