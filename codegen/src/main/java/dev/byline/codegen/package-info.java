/** Generates the jOOQ classes of core from the migrations. */
@NullMarked
package dev.byline.codegen;

import org.jspecify.annotations.NullMarked;
