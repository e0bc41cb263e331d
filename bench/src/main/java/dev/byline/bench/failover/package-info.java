/** What Failover consists of: a PostgreSQL cluster with fail-over, clients that check what they read, and a verdict. */
@NullMarked
package dev.byline.bench.failover;

import org.jspecify.annotations.NullMarked;
