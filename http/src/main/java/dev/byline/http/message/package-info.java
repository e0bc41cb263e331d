/** Reads and writes JSON, problems and parameters: what messages contain. */
@NullMarked
package dev.byline.http.message;

import org.jspecify.annotations.NullMarked;
