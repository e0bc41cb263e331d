package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.message.Problem;
import dev.byline.http.message.ProblemReason;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the documents equal to the server. */
class DocumentsTest extends ServerTest {
    private static final Pattern STEP = Pattern.compile("(?m)^\\$ (curl .*)\n(.*)$");
    private static final Pattern TOKEN = Pattern.compile("""
            "token":"([^"]+)"[,}]""");
    private static final Pattern WORD = Pattern.compile("""
            '([^']*)'|"([^"]*)"|(\\S+)""");

    /** A relative link: the file, empty for the page itself, and the heading. */
    private static final Pattern LINK = Pattern.compile("\\]\\((?![a-z]+:)([^)#\\s]*)(?:#([^)\\s]*))?\\)");

    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    private String token = "";

    @Test
    void theReadmesTourReturnsThePrintedResponses() throws IOException {
        var steps = STEP.matcher(Files.readString(Path.of("../README.md")));
        var count = 0;
        while (steps.find()) {
            var answer = curl(steps.group(1));
            assertThat(Contract.normalised(answer)).as(steps.group(1)).isEqualTo(Contract.normalised(steps.group(2)));
            var issued = TOKEN.matcher(answer);
            if (issued.find()) {
                token = issued.group(1);
            }
            count++;
        }
        assertThat(count).isGreaterThan(5);
    }

    /** Whoever follows the tour can then execute the sign-up that /docs fills in. */
    @Test
    void theExampleOfTheContractIsNotTheUserOfTheTour() throws IOException {
        var email = Contract.get().document().at("/components/examples/NewUser/value/email");

        assertThat(Files.readString(Path.of("../README.md"))).doesNotContainIgnoringCase(email.textValue());
    }

    private String curl(String command) {
        var request = HttpRequest.newBuilder();
        if (!command.contains("Authorization")) {
            request.header("X-Anonymous", "true");
        }
        var method = "";
        var body = BodyPublishers.noBody();
        var words = WORD.matcher(command.substring("curl ".length()));
        while (words.find()) {
            switch (words.group()) {
                case "-s" -> {}
                case "-X" -> {
                    words.find();
                    method = word(words);
                }
                case "-H" -> {
                    words.find();
                    var header = word(words).replace("$TOKEN", token).split(": ", 2);
                    request.header(header[0], header[1]);
                }
                case "-d" -> {
                    words.find();
                    body = BodyPublishers.ofString(word(words));
                    method = method.isEmpty() ? "POST" : method;
                }
                default -> request.uri(uri(word(words).replace("http://127.0.0.1:8000", "")));
            }
        }
        return send(request.method(method.isEmpty() ? "GET" : method, body)).body();
    }

    private static String word(java.util.regex.Matcher word) {
        for (int group = 1; group < 3; group++) {
            if (word.group(group) != null) {
                return word.group(group);
            }
        }
        return word.group();
    }

    @Test
    void thePageOfErrorsAndTheContractListEveryReason() throws IOException {
        var rows = new TreeMap<String, Integer>();
        var row = Pattern.compile("(?m)^\\| `([a-z_]+)` \\| ([0-9]{3}) \\|")
                .matcher(Files.readString(Path.of("../docs/errors.md")));
        while (row.find()) {
            rows.put(row.group(1), Integer.valueOf(row.group(2)));
        }
        assertThat(rows)
                .isEqualTo(Arrays.stream(ProblemReason.values())
                        .collect(Collectors.toMap(ProblemReason::text, ProblemReason::status)));
        var described = new ArrayList<String>();
        Contract.get()
                .document()
                .at("/components/schemas/Problem/properties/reason/enum")
                .forEach(reason -> described.add(reason.textValue()));
        assertThat(described).containsExactlyInAnyOrderElementsOf(rows.keySet());
    }

    @Test
    void thePageForClientsShowsTheScenarioThatRuns() throws IOException {
        var scenario = Pattern.compile("(?s) // docs: clients\n(.*?)\n *// end\n")
                .matcher(Files.readString(Path.of("../bench/contract/clients/drive.ts")));

        assertThat(scenario.find()).isTrue();
        assertThat(Files.readString(Path.of("../docs/clients.md")))
                .contains(scenario.group(1).stripIndent());
    }

    /** A release contains the documents, and the files that they lead to. */
    @Test
    void everyLinkLeadsToAFileOfTheRelease() throws IOException {
        var root = Path.of("..");
        var includes = Pattern.compile("<fileset id=\"manual\"[^>]* includes=\"([^\"]*)\"")
                .matcher(Files.readString(root.resolve("release/pom.xml")));
        assertThat(includes.find()).isTrue();
        var release = Arrays.stream(includes.group(1).split(",\\s*", -1))
                .map(pattern -> FileSystems.getDefault().getPathMatcher("glob:" + pattern))
                .toList();
        var broken = new TreeSet<String>();
        var count = 0;
        for (var page : pages(root)) {
            var link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                var file = root.relativize(
                        (link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1))).normalize());
                var target = root.resolve(file);
                var released = release.stream().anyMatch(each -> each.matches(file) || each.matches(file.resolve("x")));
                if (!released
                        || !Files.exists(target)
                        || (link.group(2) != null && !anchors(target).contains(link.group(2)))) {
                    broken.add(page + ": " + link.group());
                }
                count++;
            }
        }
        assertThat(broken).isEmpty();
        assertThat(count).isGreaterThan(100);
    }

    private static List<Path> pages(Path root) throws IOException {
        try (var docs = Files.walk(root.resolve("docs"))) {
            return Stream.concat(
                            Stream.of("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
                                    .map(root::resolve),
                            docs.filter(file -> file.toString().endsWith(".md")))
                    .toList();
        }
    }

    /** Returns the names of a page's headings, as GitHub makes them. */
    private static List<String> anchors(Path page) throws IOException {
        return HEADING.matcher(Files.readString(page))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .toList();
    }

    /** The last column of the page names tests. */
    @Test
    void theTestsThatTheArticlesPageNamesExist() throws IOException {
        var tests = new StringBuilder();
        for (var module : List.of("../core", "../http", "../migrations")) {
            try (var files = Files.walk(Path.of(module, "src/test/java"))) {
                for (var file : files.filter(each -> each.toString().endsWith("Test.java"))
                        .toList()) {
                    tests.append(Files.readString(file));
                }
            }
        }
        var names = Pattern.compile("`([a-z][A-Za-z0-9]{19,})`")
                .matcher(Files.readString(Path.of("../docs/from-the-article.md")));
        var count = 0;
        while (names.find()) {
            assertThat(tests).contains("void " + names.group(1) + "(");
            count++;
        }
        assertThat(count).isGreaterThan(20);
    }

    @Test
    void thePageOfErrorsListsEveryProblem() throws IOException {
        var rows = new TreeMap<String, String>();
        var row = Pattern.compile("(?m)^\\| `(urn:byline:problem:[a-z-]+)` \\| ([0-9]{3}) \\|")
                .matcher(Files.readString(Path.of("../docs/errors.md")));
        while (row.find()) {
            rows.put(row.group(1), row.group(2));
        }
        assertThat(rows)
                .isEqualTo(Arrays.stream(Problem.values())
                        .collect(Collectors.toMap(
                                problem -> problem.type, problem -> Integer.toString(problem.status))));
    }
}
