package dev.byline.internal.pool;

import java.net.SocketException;

/** A read of a socket took too long. Not a SocketTimeoutException: the driver would continue to read after it. */
final class NoResponseException extends SocketException {
    private static final long serialVersionUID = 1;

    NoResponseException(String message, Throwable cause) {
        super(message, cause);
    }
}
