package dev.byline.bench.fuzz;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Says what is wrong with an answer. */
public final class Judge {
    private static final double MAX_SECONDS = 2;

    /** Of the documented errors, those of the server's side that a request may get. */
    private static final Set<Integer> ALLOWED_5XX = Set.of(501, 505);

    private static final Pattern DOCUMENTED = Pattern.compile("\\| `(urn:[a-z:-]+)` \\| ([0-9]{3}) \\|.*");
    private static final Pattern INTERNALS = Pattern.compile(
            "Exception|org\\.(postgresql|eclipse|jooq)|dev\\.byline|java\\.(lang|util)|\\bat [a-z.]+\\(|SELECT |INSERT ");

    private final ObjectMapper json = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private final Map<String, Integer> problems = new HashMap<>();

    /** Reads which types of problems there are from the table of docs/errors.md. */
    public Judge(Path errors) throws IOException {
        for (var line : Files.readAllLines(errors)) {
            var row = DOCUMENTED.matcher(line);
            if (row.matches()) {
                problems.put(row.group(1), Integer.parseInt(row.group(2)));
            }
        }
        if (problems.isEmpty()) {
            throw new IllegalArgumentException(errors + " has no table of errors");
        }
    }

    /** Whether an answer is late or a 503: once, that may be the machine's fault. */
    public static boolean isBusy(Answer answer) {
        return answer.status() == 503 || (answer.status() > 0 && answer.seconds() > MAX_SECONDS);
    }

    /** Returns what is wrong, if anything is. */
    public Optional<String> fault(Request request, Answer answer, JsonNode content) {
        if (answer.status() == Answer.CLOSED) {
            return request.loose() ? Optional.empty() : Optional.of("no answer");
        }
        if (answer.status() == Answer.HUNG) {
            return Optional.of("hang");
        }
        if (answer.seconds() > MAX_SECONDS) {
            return Optional.of("answer over " + MAX_SECONDS + " s");
        }
        if (answer.status() >= 500 && !ALLOWED_5XX.contains(answer.status())) {
            return Optional.of("status " + answer.status());
        }
        if (answer.header("x-request-id").isEmpty()) {
            return Optional.of("no X-Request-Id");
        }
        return answer.status() >= 400 ? problem(request, answer, content) : success(request, answer, content);
    }

    private Optional<String> problem(Request request, Answer answer, JsonNode problem) {
        if (request.isHead()) {
            return Optional.empty();
        }
        if (!answer.header("content-type").equals("application/problem+json")) {
            return Optional.of("error that is not application/problem+json");
        }
        var type = problem.path("type").asText();
        if (problems.getOrDefault(type, 0) != answer.status()
                || problem.path("status").asInt() != answer.status()) {
            return Optional.of("undocumented pair of status and type");
        }
        if (!problem.path("title").isTextual() || !problem.path("detail").isTextual()) {
            return Optional.of("problem without a title or detail");
        }
        if (!problem.path("request_id").asText().equals(answer.header("x-request-id"))) {
            return Optional.of("request_id is not X-Request-Id");
        }
        return INTERNALS.matcher(problem.toString()).find() ? Optional.of("internals in an error") : Optional.empty();
    }

    private Optional<String> success(Request request, Answer answer, JsonNode content) {
        var operation = request.operation();
        if (operation != null && !operation.statuses().contains(Integer.toString(answer.status()))) {
            return Optional.of("undocumented status " + answer.status());
        }
        var isJson = answer.header("content-type").startsWith("application/json");
        return isJson && !answer.body().isEmpty() && content.isMissingNode()
                ? Optional.of("malformed JSON")
                : Optional.empty();
    }

    /** The answer's content, missing where it is no JSON. */
    public JsonNode parse(Answer answer) {
        try {
            return answer.header("content-type").contains("json")
                            && !answer.body().isEmpty()
                    ? json.readTree(answer.body().getBytes(StandardCharsets.ISO_8859_1))
                    : MissingNode.getInstance();
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        } catch (IOException e) {
            throw new IllegalStateException("memory can't fail", e);
        }
    }
}
