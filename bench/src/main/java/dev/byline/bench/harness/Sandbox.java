package dev.byline.bench.harness;

import dev.byline.migrations.ProcessTrees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A temporary folder and what runs in it: ended and deleted at close, in reverse order, and also when the JVM ends early,
 * for example by Ctrl-C. Logs are kept, in a folder of {@code bench/target}.
 */
public final class Sandbox implements AutoCloseable {
    /** The user that PostgreSQL runs as, because it refuses to run as root. */
    private static final String DATABASE_USER = "postgres";

    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    private final Path logs;
    private final Path folder;
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private boolean closed;

    /**
     * Creates the folder and deletes the logs of the last run.
     *
     * @param name of the tool
     */
    public Sandbox(String name) throws IOException {
        logs = Path.of("bench", "target", name);
        folder = Files.createTempDirectory("byline-" + name);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        delete(logs);
        Files.createDirectories(logs);
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    /** A file that is kept. */
    public Path log(String name) {
        return logs.resolve(name);
    }

    /** Creates a file. */
    public Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    /** Creates a folder that belongs to the user that PostgreSQL runs as. */
    public Path databaseFolder(String name) throws IOException {
        var created = Files.createDirectory(folder.resolve(name));
        if (ROOT) {
            var users = created.getFileSystem().getUserPrincipalLookupService();
            Files.setOwner(created, users.lookupPrincipalByName(DATABASE_USER));
        }
        return created;
    }

    /** Creates a folder that belongs to the user of this JVM. */
    public Path folder(String name) throws IOException {
        return Files.createDirectory(folder.resolve(name));
    }

    /** A command that runs as a user that PostgreSQL accepts. */
    public static List<String> asDatabaseUser(String program, String... arguments) {
        var command = Stream.concat(Stream.of(program), Stream.of(arguments));
        var user = Stream.of("setpriv", "--reuid", DATABASE_USER, "--regid", DATABASE_USER, "--init-groups");
        return ROOT ? Stream.concat(user, command).toList() : command.toList();
    }

    /** Starts a program that is killed at close. */
    public synchronized ChildProcess start(String name, List<String> command) throws IOException {
        expectOpen();
        var program = ChildProcess.start(log(name + ".log"), Map.of("LC_ALL", "C.UTF-8"), command);
        var process = List.of(program.process().toHandle());
        var unused = keep(() -> ProcessTrees.kill(process));
        return program;
    }

    /** Closes a resource at close. */
    public synchronized <T extends AutoCloseable> T keep(T resource) {
        if (closed) {
            closeQuietly(resource);
        }
        expectOpen();
        resources.push(resource);
        return resource;
    }

    private void expectOpen() {
        if (closed) {
            throw new IllegalStateException("the JVM is ending");
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            resources.forEach(Sandbox::closeQuietly);
            closeQuietly(
                    () -> ProcessTrees.kill(ProcessHandle.current().children().toList())); // one that was starting
            delete(folder);
        }
    }

    /** The others must be closed, too. */
    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            System.err.println("while ending " + resource + ": " + e);
        }
    }

    private static void delete(Path folder) {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            // nothing to delete
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
