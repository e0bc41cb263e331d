package dev.byline.server;

import java.io.PrintStream;

/**
 * Where a command speaks.
 *
 * @param out what was asked for
 * @param err everything else
 * @param interactive whether a person is looking
 */
record Terminal(PrintStream out, PrintStream err, boolean interactive) {}
