package dev.byline.server;

import java.io.PrintStream;

/**
 * The output streams of a command.
 *
 * @param out the result
 * @param err errors and progress
 * @param interactive whether the program runs on a terminal
 */
record Console(PrintStream out, PrintStream err, boolean interactive) {}
