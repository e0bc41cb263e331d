/** Fetching and parsing feeds, which nobody vouches for, and making posts of them. */
@NullMarked
package dev.byline.internal.feed;

import org.jspecify.annotations.NullMarked;
