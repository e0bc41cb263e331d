/** Byline's schema and how it is applied. */
@NullMarked
package dev.byline.migrations;

import org.jspecify.annotations.NullMarked;
