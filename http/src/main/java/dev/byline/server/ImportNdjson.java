package dev.byline.server;

import dev.byline.BylineException;
import dev.byline.Metadata;
import dev.byline.http.HttpProblem;
import dev.byline.http.JsonFields;
import dev.byline.post.ImportedPost;
import dev.byline.post.Posts;
import dev.byline.user.NewUser;
import dev.byline.user.Principal;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Loads posts from a file, one JSON object a line: {@code {"email","name","title","body","created_at"}}. Batches are
 * transactions, and a post that is there already is left alone, so a run that was cut short is simply run again.
 */
final class ImportNdjson {
    private static final int BATCH = 500;
    private static final int BATCH_CHARACTERS = 1_000_000;
    private static final int ATTEMPTS = 5;
    private static final int SHOWN_REFUSALS = 20;

    private final Posts posts;
    private final Terminal terminal;
    private final Instant now = Instant.now();
    private final long start = System.nanoTime();
    private long number;
    private long lines;
    private long imported;
    private long refused;

    ImportNdjson(Posts posts, Terminal terminal) {
        this.posts = posts;
        this.terminal = terminal;
    }

    /** Returns whether every line is now in the database. */
    boolean run(Path file) {
        try (var reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            load(reader);
        } catch (IOException e) {
            throw new Refusal(file + " can not be read: " + e);
        } finally {
            summary();
        }
        return refused == 0;
    }

    private void load(BufferedReader reader) throws IOException {
        List<ImportedPost> batch = new ArrayList<>();
        var characters = 0;
        for (var line = reader.readLine(); line != null; line = reader.readLine()) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            lines++;
            var post = parse(line);
            if (post != null) {
                batch.add(post);
                characters += line.length();
            }
            if (batch.size() == BATCH || characters > BATCH_CHARACTERS) {
                flush(batch);
                batch = new ArrayList<>();
                characters = 0;
            }
        }
        flush(batch);
    }

    private @Nullable ImportedPost parse(String line) {
        try {
            var fields = JsonFields.parse(line);
            var email = fields.text("email");
            var name = fields.text("name");
            var title = fields.text("title");
            var body = fields.text("body");
            var createdAt = fields.time("created_at");
            var post = fields.build(
                    () -> new ImportedPost(new NewUser(email, name, Metadata.EMPTY), title, body, createdAt));
            if (createdAt.isAfter(now)) {
                throw new BylineException.Invalid("created_at", "must not be in the future");
            }
            return post;
        } catch (HttpProblem | BylineException.Invalid e) {
            refuse(Objects.toString(e.getMessage()));
            return null;
        }
    }

    private void refuse(String why) {
        refused++;
        if (refused <= SHOWN_REFUSALS) {
            terminal.err().println((terminal.interactive() ? "\r" : "") + "line " + number + " refused: " + why);
        } else if (refused == SHOWN_REFUSALS + 1) {
            terminal.err().println("more lines are refused, not shown");
        }
    }

    private void flush(List<ImportedPost> batch) {
        for (int attempt = 1; ; attempt++) {
            try {
                imported += posts.importAll(new Principal.Operator(), batch);
                progress();
                return;
            } catch (BylineException.Unavailable e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.SECONDS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void progress() {
        if (terminal.interactive()) {
            terminal.err().printf("\r%,d lines, %,d new posts", lines, imported);
            terminal.err().flush();
        }
    }

    private void summary() {
        var seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
        terminal.out()
                .printf(
                        "%s%,d lines: %,d new posts, %,d there already, %,d refused, in %.1f s%n",
                        terminal.interactive() ? "\r" : "",
                        lines,
                        imported,
                        lines - imported - refused,
                        refused,
                        seconds);
    }
}
