/** Users: who they are and what may be done to them, by whom. */
@NullMarked
package dev.byline.user;

import org.jspecify.annotations.NullMarked;
