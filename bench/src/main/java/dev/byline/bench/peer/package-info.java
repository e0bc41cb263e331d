/**
 * Small servers that answer as Byline does, for {@link dev.byline.bench.SideBySide}: how fast the same answers can be
 * without what Byline adds, or by other means. Nothing is checked, nobody is asked who they are.
 */
@NullMarked
package dev.byline.bench.peer;

import org.jspecify.annotations.NullMarked;
