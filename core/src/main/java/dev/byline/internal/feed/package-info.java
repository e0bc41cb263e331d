/** Fetches and parses feeds, which are untrusted input, and turns their items into posts. */
@NullMarked
package dev.byline.internal.feed;

import org.jspecify.annotations.NullMarked;
