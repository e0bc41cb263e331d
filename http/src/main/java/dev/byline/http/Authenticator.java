package dev.byline.http;

import dev.byline.model.Principal;

/**
 * Maps a bearer token to a caller. {@code byline.tokens()::authenticate} is Byline's own; a host application may use
 * another, for tokens that a third party issues. Must be thread-safe; may block.
 */
public interface Authenticator {
    /**
     * Returns the caller that a token identifies. Not called for requests without a token: they are anonymous.
     *
     * @param bearer the token after {@code Bearer} in the header {@code Authorization}
     * @throws dev.byline.model.BylineException.Unauthenticated when the token is invalid, such as expired or revoked
     */
    Principal authenticate(String bearer);
}
