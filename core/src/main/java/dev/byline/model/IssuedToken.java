package dev.byline.model;

/**
 * A token at the only moment at which it can be read.
 *
 * @param secret what the client sends as bearer token
 * @param token what stays known of it
 */
public record IssuedToken(String secret, Token token) {
    /** Without the secret. */
    @Override
    public String toString() {
        return "IssuedToken[" + token + "]";
    }
}
