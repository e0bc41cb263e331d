package dev.byline.server;

import dev.byline.Posts;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.JsonFields;
import dev.byline.model.BylineException;
import dev.byline.model.ImportedPost;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
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
    private static final int BATCH_BYTES = 1_000_000;
    private static final int MAX_LINE = 4 * 1024 * 1024;
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    private static final int ATTEMPTS = 5;
    private static final int SHOWN_REFUSALS = 20;

    private final Posts posts;
    private final Terminal terminal;
    private final StopSignal stop;
    private final Instant now = Instant.now();
    private final long start = System.nanoTime();
    private long number;
    private long lines;
    private long imported;
    private long there;
    private long refused;

    ImportNdjson(Posts posts, Terminal terminal, StopSignal stop) {
        this.posts = posts;
        this.terminal = terminal;
        this.stop = stop;
    }

    /** Returns whether every line is now in the database. */
    boolean run(Path file) {
        try (var lines = new BufferedInputStream(Files.newInputStream(file))) {
            load(lines);
        } catch (IOException e) {
            terminal.err().println("byline: " + file + " can not be read: " + e);
            refused++;
        } finally {
            summary();
        }
        return refused == 0 && !stop.isGiven();
    }

    private void load(InputStream file) throws IOException {
        List<ImportedPost> batch = new ArrayList<>();
        var characters = 0;
        for (var line = nextLine(file); line != null && !stop.isGiven(); line = nextLine(file)) {
            var post = parse(line);
            if (post != null) {
                batch.add(post);
                characters += line.length;
            }
            if (batch.size() == BATCH || characters > BATCH_BYTES) {
                flush(batch);
                batch = new ArrayList<>();
                characters = 0;
            }
        }
        flush(batch);
    }

    /** Returns the bytes of the next line that isn't blank, of a very long one only the beginning; null at the end. */
    private byte @Nullable [] nextLine(InputStream file) throws IOException {
        while (true) {
            var line = new ByteArrayOutputStream();
            var next = file.read();
            if (next < 0) {
                return null;
            }
            for (; next >= 0 && next != '\n'; next = file.read()) {
                if (line.size() <= MAX_LINE) {
                    line.write(next);
                }
            }
            number++;
            var text = number == 1 ? withoutMark(line.toByteArray()) : line.toByteArray();
            if (!new String(text, StandardCharsets.ISO_8859_1).isBlank()) {
                lines++;
                return text;
            }
        }
    }

    /** Some programs begin a file of UTF-8 with a byte order mark. */
    private static byte[] withoutMark(byte[] line) {
        var mark = BYTE_ORDER_MARK.length;
        return line.length >= mark && Arrays.equals(line, 0, mark, BYTE_ORDER_MARK, 0, mark)
                ? Arrays.copyOfRange(line, mark, line.length)
                : line;
    }

    private @Nullable ImportedPost parse(byte[] line) {
        try {
            if (line.length > MAX_LINE) {
                throw new BylineException.Invalid("line", "must take at most " + MAX_LINE + " bytes");
            }
            return parse(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString());
        } catch (CharacterCodingException e) {
            refuse("the line is not UTF-8");
        } catch (HttpProblem | BylineException.Invalid e) {
            refuse(Objects.toString(e.getMessage()));
        }
        return null;
    }

    private ImportedPost parse(String line) {
        var fields = JsonFields.parse(line);
        var email = fields.text("email");
        var name = fields.text("name");
        var title = fields.text("title");
        var body = fields.text("body");
        var createdAt = fields.time("created_at");
        var post =
                fields.build(() -> new ImportedPost(new NewUser(email, name, Metadata.EMPTY), title, body, createdAt));
        if (createdAt.isAfter(now)) {
            throw new BylineException.Invalid("created_at", "must not be in the future");
        }
        return post;
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
                var added = posts.importAll(new Principal.Operator(), batch);
                imported += added;
                there += batch.size() - added;
                progress();
                return;
            } catch (BylineException.Unavailable | BylineException.Conflict e) {
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
                        terminal.interactive() ? "\r" : "", lines, imported, there, refused, seconds);
    }
}
