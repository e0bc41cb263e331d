/** One request from its headers to its end: its state, its body, its response and its log entry. */
@NullMarked
package dev.byline.http.exchange;

import org.jspecify.annotations.NullMarked;
