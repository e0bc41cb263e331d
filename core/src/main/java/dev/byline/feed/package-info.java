/** Posts from elsewhere: feeds are fetched, read, and kept equal to what they say. */
@NullMarked
package dev.byline.feed;

import org.jspecify.annotations.NullMarked;
