package dev.byline.http.message;

import dev.byline.http.exchange.Problems;
import dev.byline.model.FieldError;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An error response, thrown to be sent by {@link Problems}. */
public final class HttpProblem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public final transient Problem problem;
    public final transient List<FieldError> errors;
    public final transient Map<String, String> headers;

    /** Null for a problem that has only one reason. */
    public final transient @Nullable ProblemReason reason;

    /** Whether a write may have been committed. */
    public final transient boolean mayHaveHappened;

    private HttpProblem(
            Problem problem,
            String detail,
            List<FieldError> errors,
            Map<String, String> headers,
            @Nullable ProblemReason reason,
            boolean mayHaveHappened) {
        super(detail, null, false, false);
        this.problem = problem;
        this.errors = errors;
        this.headers = headers;
        this.reason = reason;
        this.mayHaveHappened = mayHaveHappened;
    }

    public HttpProblem(Problem problem, String detail, List<FieldError> errors, Map<String, String> headers) {
        this(problem, detail, errors, headers, null, false);
    }

    public HttpProblem(Problem problem, String detail) {
        this(problem, detail, List.of(), Map.of());
    }

    /** Returns a copy with a reason. */
    public HttpProblem because(ProblemReason why) {
        return new HttpProblem(problem, detail(), errors, headers, why, mayHaveHappened);
    }

    /** Returns a copy that says whether a write may have been committed. */
    public HttpProblem mayHaveHappened(boolean value) {
        return new HttpProblem(problem, detail(), errors, headers, reason, value);
    }

    /** Returns a 400 for a malformed parameter of the path or query, or a malformed header. */
    public static HttpProblem malformedParameter(String name, String message) {
        return new HttpProblem(
                Problem.MALFORMED, name + " " + message, List.of(new FieldError(name, message)), Map.of());
    }

    /** Returns a 405 with the header Allow. */
    public static HttpProblem methodNotAllowed(String allowed) {
        return new HttpProblem(
                Problem.METHOD_NOT_ALLOWED, "allowed methods: " + allowed, List.of(), Map.of("Allow", allowed));
    }

    public String detail() {
        return String.valueOf(getMessage());
    }
}
