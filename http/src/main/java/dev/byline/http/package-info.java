/** The HTTP server: each handler parses the request, calls core once and renders the response. */
@NullMarked
package dev.byline.http;

import org.jspecify.annotations.NullMarked;
