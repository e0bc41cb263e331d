/** What Replicas consists of: a primary with two standbys, two nodes that read from them, and what must hold. */
@NullMarked
package dev.byline.bench.replicas;

import org.jspecify.annotations.NullMarked;
