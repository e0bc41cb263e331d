/** The front door and the use cases: {@link dev.byline.Byline} opens them. */
@NullMarked
package dev.byline;

import org.jspecify.annotations.NullMarked;
