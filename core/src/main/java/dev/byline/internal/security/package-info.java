/** Hashes of passwords and SHA-256 digests. */
@NullMarked
package dev.byline.internal.security;

import org.jspecify.annotations.NullMarked;
