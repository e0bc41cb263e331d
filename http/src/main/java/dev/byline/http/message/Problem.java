package dev.byline.http.message;

/** The types of error responses. Clients decide by {@link #type}; docs/errors.md describes each. */
public enum Problem {
    MALFORMED("malformed", 400, "Malformed request"),
    BAD_CURSOR("bad-cursor", 400, "Invalid cursor"),
    UNAUTHENTICATED("unauthenticated", 401, "Not authenticated"),
    FORBIDDEN("forbidden", 403, "Forbidden"),
    NOT_FOUND("not-found", 404, "Not found"),
    METHOD_NOT_ALLOWED("method-not-allowed", 405, "Method not allowed"),
    NOT_ACCEPTABLE("not-acceptable", 406, "No acceptable representation"),
    TIMEOUT("timeout", 408, "Request timeout"),
    CONFLICT("conflict", 409, "Conflict with existing data"),
    IN_PROGRESS("in-progress", 409, "The same request is in flight"),
    STALE("stale", 412, "Stale version"),
    TOO_LARGE("too-large", 413, "Request body too large"),
    URI_TOO_LONG("uri-too-long", 414, "URI too long"),
    UNSUPPORTED_TYPE("unsupported-type", 415, "Unsupported media type"),
    EXPECTATION_FAILED("expectation-failed", 417, "Unsupported Expect header"),
    INVALID("invalid", 422, "Invalid values"),
    KEY_REUSED("key-reused", 422, "Idempotency-Key already used"),
    PRECONDITION_REQUIRED("precondition-required", 428, "If-Match is required"),
    TOO_MANY_REQUESTS("too-many-requests", 429, "Too many requests"),
    HEADERS_TOO_LARGE("headers-too-large", 431, "Request headers too large"),
    INTERNAL("internal", 500, "Internal server error"),
    NOT_IMPLEMENTED("not-implemented", 501, "Not implemented"),
    UNAVAILABLE("unavailable", 503, "Service unavailable"),
    VERSION_NOT_SUPPORTED("version-not-supported", 505, "HTTP version not supported");

    public final String type;
    public final int status;
    public final String title;

    Problem(String slug, int status, String title) {
        this.type = "urn:byline:problem:" + slug;
        this.status = status;
        this.title = title;
    }

    /** Returns the problem for a status that Jetty or Javalin chose. */
    public static Problem of(int status) {
        for (var problem : values()) {
            if (problem.status == status) {
                return problem;
            }
        }
        return status >= 500 ? INTERNAL : MALFORMED;
    }
}
