/**
 * Small servers that respond like Byline, for {@link dev.byline.bench.SideBySide}. They check neither input nor
 * authorization: they show the speed of other libraries, and of Byline's own without Byline.
 */
@NullMarked
package dev.byline.bench.peer;

import org.jspecify.annotations.NullMarked;
