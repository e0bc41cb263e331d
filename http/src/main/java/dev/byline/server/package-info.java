/** The program: commands, settings, startup and shutdown, embedded PostgreSQL, logging. */
@NullMarked
package dev.byline.server;

import org.jspecify.annotations.NullMarked;
