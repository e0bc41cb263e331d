package dev.byline.http;

/** The kinds of error answers. Clients tell them apart by {@link #type}: docs/errors.md describes each. */
enum Problem {
    MALFORMED("malformed", 400, "The request could not be understood"),
    BAD_CURSOR("bad-cursor", 400, "The cursor does not belong to this list"),
    UNAUTHENTICATED("unauthenticated", 401, "Who calls is not known"),
    FORBIDDEN("forbidden", 403, "Not allowed"),
    NOT_FOUND("not-found", 404, "Not found"),
    METHOD_NOT_ALLOWED("method-not-allowed", 405, "The method is not allowed here"),
    NOT_ACCEPTABLE("not-acceptable", 406, "No acceptable representation"),
    TIMEOUT("timeout", 408, "The request took too long to arrive"),
    CONFLICT("conflict", 409, "In conflict with what is there"),
    IN_PROGRESS("in-progress", 409, "The same request is under way"),
    STALE("stale", 412, "It has changed meanwhile"),
    TOO_LARGE("too-large", 413, "The body is too large"),
    URI_TOO_LONG("uri-too-long", 414, "The address is too long"),
    UNSUPPORTED_TYPE("unsupported-type", 415, "The type of the body is not supported"),
    EXPECTATION_FAILED("expectation-failed", 417, "The expectation can not be met"),
    INVALID("invalid", 422, "Invalid values"),
    KEY_REUSED("key-reused", 422, "The Idempotency-Key belongs to another request"),
    PRECONDITION_REQUIRED("precondition-required", 428, "If-Match is required"),
    TOO_MANY_REQUESTS("too-many-requests", 429, "Too many requests"),
    HEADERS_TOO_LARGE("headers-too-large", 431, "The headers are too large"),
    INTERNAL("internal", 500, "Something went wrong on this side"),
    NOT_IMPLEMENTED("not-implemented", 501, "Not implemented"),
    UNAVAILABLE("unavailable", 503, "Not available right now"),
    VERSION_NOT_SUPPORTED("version-not-supported", 505, "This version of HTTP is not supported");

    final String type;
    final int status;
    final String title;

    Problem(String slug, int status, String title) {
        this.type = "urn:byline:problem:" + slug;
        this.status = status;
        this.title = title;
    }

    /** The kind for a status that Jetty or Javalin chose. */
    static Problem of(int status) {
        for (var problem : values()) {
            if (problem.status == status) {
                return problem;
            }
        }
        return status >= 500 ? INTERNAL : MALFORMED;
    }
}
