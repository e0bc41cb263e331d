package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.byline.bench.harness.HttpConnection.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Checks responses against the documented contract. */
public final class ResponseCheck {
    /** The result for a correct response. */
    public static final String OK = "";

    private static final double MAX_SECONDS = 2;

    /** The documented 5xx that a request may cause. */
    private static final Set<Integer> ALLOWED_5XX = Set.of(501, 505);

    private static final Pattern PROBLEM_TYPE = Pattern.compile("(?m)^\\| `(urn:[a-z:-]+)` \\| ([0-9]{3}) \\|");
    private static final Pattern INTERNALS = Pattern.compile(
            "Exception|org\\.(postgresql|eclipse|jooq)|dev\\.byline|java\\.(lang|util)|\\bat [a-z.]+\\(|(SELECT|INSERT) ");

    private final ObjectMapper json = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private final Map<String, Integer> problemTypes;

    /** Reads the types of problems and their statuses from the table of docs/errors.md. */
    public ResponseCheck(Path errors) throws IOException {
        this.problemTypes = PROBLEM_TYPE
                .matcher(Files.readString(errors))
                .results()
                .collect(Collectors.toMap(row -> row.group(1), row -> Integer.parseInt(row.group(2))));
        if (problemTypes.isEmpty()) {
            throw new IllegalArgumentException(errors + " has no table of errors");
        }
    }

    /** Whether a response is late or a 503, for which a busy machine may be the reason. */
    public static boolean isBusy(Response response) {
        return response.status() == 503 || (response.status() > 0 && response.seconds() > MAX_SECONDS);
    }

    /** Returns the fault of a response, or {@link #OK}. */
    public String fault(FuzzRequest request, Response response, JsonNode content) {
        var status = response.status();
        if (status == FuzzClient.CLOSED) {
            return request.malformed ? OK : "no response";
        }
        if (status == FuzzClient.HUNG) {
            return "hang";
        }
        if (response.seconds() > MAX_SECONDS) {
            return "response over " + MAX_SECONDS + " s";
        }
        if (status >= 500 && !ALLOWED_5XX.contains(status)) {
            return "status " + status;
        }
        if (response.header("X-Request-Id").isEmpty()) {
            return "no X-Request-Id";
        }
        return status >= 400 ? problemFault(request, response, content) : successFault(request, response, content);
    }

    private String problemFault(FuzzRequest request, Response response, JsonNode problem) {
        if (request.isHead()) {
            return OK;
        }
        if (!response.header("Content-Type").equals("application/problem+json")) {
            return "error that is not application/problem+json";
        }
        if (problemTypes.getOrDefault(problem.path("type").asText(), 0) != response.status()
                || problem.path("status").asInt() != response.status()) {
            return "undocumented pair of status and type";
        }
        if (!problem.path("title").isTextual() || !problem.path("detail").isTextual()) {
            return "problem without a title or detail";
        }
        if (!problem.path("request_id").asText().equals(response.header("X-Request-Id"))) {
            return "request_id is not X-Request-Id";
        }
        return INTERNALS.matcher(problem.toString()).find() ? "internals in an error" : OK;
    }

    private static String successFault(FuzzRequest request, Response response, JsonNode content) {
        var statuses = request.operation.statuses();
        if (request.documented && !statuses.contains(Integer.toString(response.status()))) {
            return "undocumented status " + response.status();
        }
        var isJson = response.header("Content-Type").startsWith("application/json");
        return isJson && !response.body().isEmpty() && content.isMissingNode() ? "malformed JSON" : OK;
    }

    /** The response's JSON, missing if there is none. */
    public JsonNode parse(Response response) {
        try {
            return response.header("Content-Type").contains("json")
                            && !response.body().isEmpty()
                    ? json.readTree(response.body().getBytes(StandardCharsets.ISO_8859_1))
                    : MissingNode.getInstance();
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }
}
