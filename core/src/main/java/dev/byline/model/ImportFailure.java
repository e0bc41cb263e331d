package dev.byline.model;

import java.util.Locale;

/** Why a feed was not imported. */
public enum ImportFailure {
    /** Not a URL that may be fetched. */
    BAD_URL,
    /** The host or a redirect leads to an address that isn't public. */
    FORBIDDEN_ADDRESS,
    /** The host name can't be resolved. */
    UNKNOWN_HOST,
    /** The connection failed or broke. */
    UNREACHABLE,
    /** The server's certificate isn't valid for the host. */
    UNTRUSTED,
    /** The fetch took too long. */
    TIMEOUT,
    /** Too many redirects. */
    TOO_MANY_REDIRECTS,
    /** The server answered with a status other than 200. */
    BAD_STATUS,
    /** Neither JSON nor XML, by the Content-Type; or compressed with something other than gzip. */
    WRONG_TYPE,
    /** More bytes or items than allowed. */
    TOO_LARGE,
    /** Not a feed, or a malformed one. */
    MALFORMED,
    /** The user has reached the limit of feeds. */
    TOO_MANY_FEEDS,
    /** The deadline for all feeds of the call passed before this one was finished. */
    BUSY,
    /** The database didn't store the feed, or only a part of it. */
    UNAVAILABLE;

    /** Returns the code that clients see. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
