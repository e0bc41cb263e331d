/** Byline's schema as migrations. */
@NullMarked
package dev.byline.migrations;

import org.jspecify.annotations.NullMarked;
