package dev.byline.model;

/**
 * A new token with its secret, which can't be read again.
 *
 * @param secret the bearer token that the client sends
 * @param token what is stored about it
 */
public record IssuedToken(String secret, Token token) {
    /** Omits the secret. */
    @Override
    public String toString() {
        return "IssuedToken[" + token + "]";
    }
}
