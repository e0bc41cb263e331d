package dev.byline.server;

import dev.byline.Posts;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.JsonFields;
import dev.byline.model.BylineException;
import dev.byline.model.ImportedPost;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.PasswordHash;
import dev.byline.model.PostStatus;
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
 * Imports posts from a file with one JSON object per line; docs/imports.md describes its fields. Each
 * batch is a transaction, and posts that exist already are skipped: after an interruption run the import again.
 */
final class ImportNdjson {
    private static final int BATCH = 500;
    private static final int BATCH_BYTES = 1_000_000;
    private static final int MAX_LINE = 4 * 1024 * 1024;
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    private static final int ATTEMPTS = 5;
    private static final int MAX_SHOWN = 20;

    private final Posts posts;
    private final Console console;
    private final StopSignal stop;
    private final Instant now = Instant.now();
    private final long start = System.nanoTime();
    private long lineNumber;
    private long lines;
    private long imported;
    private long existing;
    private long rejected;

    ImportNdjson(Posts posts, Console console, StopSignal stop) {
        this.posts = posts;
        this.console = console;
        this.stop = stop;
    }

    /** Returns whether every line of the file is in the database now. */
    boolean run(Path file) {
        try (var lines = new BufferedInputStream(Files.newInputStream(file))) {
            load(lines);
        } catch (IOException e) {
            console.err().println("byline: cannot read the rest: " + FileFault.reading(file, e));
            rejected++;
        } finally {
            printSummary();
        }
        return rejected == 0 && !stop.isReceived();
    }

    private void load(InputStream file) throws IOException {
        List<ImportedPost> batch = new ArrayList<>();
        var bytes = 0;
        for (var line = nextLine(file); line != null && !stop.isReceived(); line = nextLine(file)) {
            var post = parse(line);
            if (post != null) {
                batch.add(post);
                bytes += line.length;
            }
            if (batch.size() == BATCH || bytes > BATCH_BYTES) {
                flush(batch);
                batch = new ArrayList<>();
                bytes = 0;
            }
        }
        flush(batch);
    }

    /** Returns the next line that is not blank, cut off after {@link #MAX_LINE} + 1 bytes; null at the end. */
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
            lineNumber++;
            var text = lineNumber == 1 ? withoutByteOrderMark(line.toByteArray()) : line.toByteArray();
            if (!new String(text, StandardCharsets.ISO_8859_1).isBlank()) {
                lines++;
                return text;
            }
        }
    }

    /** Removes the byte order mark that some programs write at the start of a UTF-8 file. */
    private static byte[] withoutByteOrderMark(byte[] line) {
        var mark = BYTE_ORDER_MARK.length;
        return line.length >= mark && Arrays.equals(line, 0, mark, BYTE_ORDER_MARK, 0, mark)
                ? Arrays.copyOfRange(line, mark, line.length)
                : line;
    }

    private @Nullable ImportedPost parse(byte[] line) {
        try {
            if (line.length > MAX_LINE) {
                throw new BylineException.Invalid("line", "must have at most " + MAX_LINE + " bytes");
            }
            return parse(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString());
        } catch (CharacterCodingException e) {
            reject("the line is not valid UTF-8");
        } catch (HttpProblem | BylineException.Invalid e) {
            reject(Objects.toString(e.getMessage()));
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
        var metadata = fields.metadata();
        var status = fields.optionalEnum("status", PostStatus.values(), PostStatus::text);
        var hash = fields.optionalText("password_hash");
        var post = fields.build(() -> new ImportedPost(
                new NewUser(email, name, Metadata.EMPTY),
                hash == null ? null : new PasswordHash(hash),
                title,
                body,
                metadata,
                status == null ? PostStatus.PUBLISHED : status,
                createdAt));
        if (createdAt.isAfter(now)) {
            throw new BylineException.Invalid("created_at", "must not be in the future");
        }
        return post;
    }

    private void reject(String reason) {
        rejected++;
        if (rejected <= MAX_SHOWN) {
            console.err().println((console.interactive() ? "\r" : "") + "line " + lineNumber + " rejected: " + reason);
        } else if (rejected == MAX_SHOWN + 1) {
            console.err().println("more lines are rejected; only the first " + MAX_SHOWN + " are shown");
        }
    }

    private void flush(List<ImportedPost> batch) {
        for (int attempt = 1; ; attempt++) {
            try {
                var added = posts.importAll(new Principal.Operator(), batch);
                imported += added;
                existing += batch.size() - added;
                printProgress();
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

    private void printProgress() {
        if (console.interactive()) {
            console.err().printf("\r%,d lines, %,d new posts", lines, imported);
            console.err().flush();
        }
    }

    private void printSummary() {
        var seconds = Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0;
        console.out()
                .printf(
                        "%s%,d lines: %,d new posts, %,d existing, %,d rejected, in %.1f s%n",
                        console.interactive() ? "\r" : "", lines, imported, existing, rejected, seconds);
    }
}
