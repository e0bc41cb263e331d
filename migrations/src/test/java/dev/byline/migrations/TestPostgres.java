package dev.byline.migrations;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/** A PostgreSQL of one's own, with Byline's schema, which can be frozen, killed and started again. Not for Windows. */
public final class TestPostgres implements AutoCloseable {
    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    /**
     * Starts one.
     *
     * @param folder for its data, empty
     */
    public TestPostgres(Path folder) {
        this.folder = folder.resolve("postgres");
        this.port = freePort();
        this.server = launch();
        Migrations.apply(dataSource());
    }

    /** Starts a server with the locale of the program's embedded database: C.UTF-8, where the system has it. */
    static EmbeddedPostgres start(Supplier<EmbeddedPostgres.Builder> builder) {
        try {
            return start(builder.get(), "C.UTF-8");
        } catch (IllegalStateException e) { // initdb knows no such locale here
            return start(builder.get(), "C");
        }
    }

    private static EmbeddedPostgres start(EmbeddedPostgres.Builder builder, String characterType) {
        try {
            return builder.setLocaleConfig("locale-provider", "builtin")
                    .setLocaleConfig("builtin-locale", "C.UTF-8")
                    .setLocaleConfig("locale", "C")
                    .setLocaleConfig("lc-ctype", characterType)
                    .setServerConfig("fsync", "off")
                    .setRegisterShutdownHook(false)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private EmbeddedPostgres launch() {
        return start(() -> EmbeddedPostgres.builder()
                .setDataDirectory(folder)
                .setCleanDataDirectory(false)
                .setPort(port));
    }

    /** Where it is, user and password included. */
    public String url() {
        return "postgres://postgres:postgres@localhost:" + port + "/postgres";
    }

    /** Its port on this machine. */
    public int port() {
        return port;
    }

    /** Connections to it, one each time, without limits. */
    public PGSimpleDataSource dataSource() {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {port});
        dataSource.setDatabaseName("postgres");
        dataSource.setUser("postgres");
        dataSource.setPassword("postgres");
        return dataSource;
    }

    /** All its processes stop where they are: connections stay open and nothing answers. */
    public void freeze() {
        signal("-STOP");
    }

    /** They go on. */
    public void thaw() {
        signal("-CONT");
    }

    /** All its processes end at once, as when the power fails. */
    public void kill() {
        signal("-KILL");
    }

    /** Starts it again after {@link #kill}, on the same data and port. */
    public void restart() {
        close(); // gives the lock on the folder back
        server = launch();
    }

    private void signal(String signal) {
        try {
            var pid = Long.parseLong(
                    Files.readAllLines(folder.resolve("postmaster.pid")).getFirst());
            var postmaster = ProcessHandle.of(pid).orElseThrow();
            var all = Stream.concat(Stream.of(postmaster), postmaster.descendants())
                    .toList();
            var command = new ArrayList<>(List.of("kill", signal));
            all.forEach(process -> command.add(Long.toString(process.pid())));
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD) // some end by themselves meanwhile
                    .start()
                    .waitFor();
            if (signal.equals("-KILL")) {
                for (var process : all) {
                    while (isRunning(process)) {
                        TimeUnit.MILLISECONDS.sleep(10);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A zombie that nobody has reaped yet has no command any more. */
    private static boolean isRunning(ProcessHandle process) {
        return process.isAlive() && process.info().command().isPresent();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
