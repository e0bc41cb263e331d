/** Posts and the lists of them. */
@NullMarked
package dev.byline.post;

import org.jspecify.annotations.NullMarked;
