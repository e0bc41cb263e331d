/** Hashes. */
@NullMarked
package dev.byline.internal.security;

import org.jspecify.annotations.NullMarked;
