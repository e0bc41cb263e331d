/** Statements, one method each. No other package uses the tables. */
@NullMarked
package dev.byline.internal.sql;

import org.jspecify.annotations.NullMarked;
