/** Byline's front door and the words that every part of it shares. */
@NullMarked
package dev.byline;

import org.jspecify.annotations.NullMarked;
