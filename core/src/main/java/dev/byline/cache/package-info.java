/** In-process L1 (Caffeine), shared L2 (Redis, optional), and what keeps the two from being wrong for long. */
@NullMarked
package dev.byline.cache;

import org.jspecify.annotations.NullMarked;
