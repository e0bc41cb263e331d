/** The statements, one method each: the only code that knows jOOQ and the tables. */
@NullMarked
package dev.byline.internal.sql;

import org.jspecify.annotations.NullMarked;
