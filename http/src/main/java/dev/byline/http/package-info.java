/** HTTP in front of core: parse, one call, render. */
@NullMarked
package dev.byline.http;

import org.jspecify.annotations.NullMarked;
