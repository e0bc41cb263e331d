/** Bearer tokens: who calls, for hosts that don't know it themselves. */
@NullMarked
package dev.byline.token;

import org.jspecify.annotations.NullMarked;
