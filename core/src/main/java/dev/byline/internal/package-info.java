/** What all internal packages may use. */
@NullMarked
package dev.byline.internal;

import org.jspecify.annotations.NullMarked;
