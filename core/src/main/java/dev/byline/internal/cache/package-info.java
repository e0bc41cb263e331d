/** The cache in this process, and Redis behind it. */
@NullMarked
package dev.byline.internal.cache;

import org.jspecify.annotations.NullMarked;
