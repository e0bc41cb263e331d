package dev.byline.model;

import java.util.Locale;

/** Why a feed was not imported. */
public enum ImportFailure {
    /** Not an address that may be asked for. */
    BAD_URL,
    /** It leads to an address that is not a public one. */
    FORBIDDEN_ADDRESS,
    /** Nobody knows the name. */
    UNKNOWN_HOST,
    /** No connection, or it broke. */
    UNREACHABLE,
    /** Who answers could not prove to be who was asked. */
    UNTRUSTED,
    /** It took too long. */
    TIMEOUT,
    /** It leads on and on. */
    TOO_MANY_REDIRECTS,
    /** The server answered with another status than 200. */
    BAD_STATUS,
    /** Neither JSON nor XML, by what the server says; or compressed in another way than gzip. */
    WRONG_TYPE,
    /** More bytes or items than may be. */
    TOO_LARGE,
    /** Not a feed, or a broken one. */
    MALFORMED,
    /** The user has as many feeds as may be. */
    TOO_MANY_FEEDS,
    /** The time for all feeds together was over before this one's turn. */
    BUSY,
    /** The database didn't take it, or not all of it. */
    UNAVAILABLE;

    /** Returns the reason as clients know it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
