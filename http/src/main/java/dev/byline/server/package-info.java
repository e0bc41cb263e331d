/** The program: settings, commands, start and end. */
@NullMarked
package dev.byline.server;

import org.jspecify.annotations.NullMarked;
