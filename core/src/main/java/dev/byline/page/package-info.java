/** Lists, page by page. */
@NullMarked
package dev.byline.page;

import org.jspecify.annotations.NullMarked;
