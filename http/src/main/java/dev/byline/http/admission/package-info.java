/** Limits what enters the server: requests, bodies and rates. */
@NullMarked
package dev.byline.http.admission;

import org.jspecify.annotations.NullMarked;
