package dev.byline.http;

import dev.byline.model.Principal;

/**
 * Says who presents a bearer token. {@code byline.tokens()::authenticate} is Byline's own; a host may have another, for
 * tokens that somebody else issues. Must be safe for use by several threads; may block.
 */
public interface Authenticator {
    /**
     * Says who presents a token.
     *
     * @param bearer what stood behind {@code Bearer} in the header {@code Authorization}
     * @throws dev.byline.model.BylineException.Unauthenticated when the token is no good; anyone without a token is anonymous
     */
    Principal authenticate(String bearer);
}
