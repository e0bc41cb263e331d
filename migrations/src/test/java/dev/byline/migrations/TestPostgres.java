package dev.byline.migrations;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/** A separate PostgreSQL with Byline's schema that can be frozen, killed and restarted. Not for Windows. */
public final class TestPostgres implements AutoCloseable {
    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    /**
     * Starts PostgreSQL.
     *
     * @param folder an empty folder for its data
     */
    public TestPostgres(Path folder) {
        this.folder = folder.resolve("postgres");
        this.port = freePort();
        this.server = launch();
        Migrations.apply(dataSource());
    }

    private TestPostgres(Path folder, int port) {
        this.folder = folder;
        this.port = port;
        this.server = launch();
    }

    /**
     * Starts a standby that streams from this server.
     *
     * @param standbys an empty folder for its data
     */
    public TestPostgres standby(Path standbys) throws SQLException {
        var target = standbys.resolve("postgres");
        var standbyPort = freePort();
        try (var connection = dataSource().getConnection();
                var statement = connection.createStatement()) {
            Files.createDirectories(standbys);
            statement.execute("SELECT pg_backup_start('standby', fast => true)");
            copy(folder, target);
            try (var label =
                    statement.executeQuery("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)")) {
                label.next();
                Files.writeString(target.resolve("backup_label"), label.getString(1));
            }
            Files.writeString(target.resolve("standby.signal"), "");
            Files.writeString(
                    target.resolve("postgresql.auto.conf"),
                    "primary_conninfo = 'host=localhost port=" + port + " user=postgres password=postgres'\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new TestPostgres(target, standbyPort);
    }

    /** Copies a data folder in use: files may change and vanish meanwhile. */
    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.copy(directory, to.resolve(from.relativize(directory)), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (!file.getFileName().toString().startsWith("postmaster.")
                        && !file.getFileName().toString().startsWith("epg-lock")) {
                    Files.copy(file, to.resolve(from.relativize(file)));
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
    }

    /** Starts PostgreSQL with the locale of the program's embedded database: C.UTF-8 if the system has it. */
    static EmbeddedPostgres start(Supplier<EmbeddedPostgres.Builder> builder) {
        try {
            return start(builder.get(), "C.UTF-8");
        } catch (IllegalStateException e) { // the system has no such locale
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

    /** Returns its URL, with user and password. */
    public String url() {
        return "postgres://postgres:postgres@localhost:" + port + "/postgres";
    }

    /** Returns its port on localhost. */
    public int port() {
        return port;
    }

    /** Returns a DataSource without a pool or limits: each connection is new. */
    public PGSimpleDataSource dataSource() {
        var dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"localhost"});
        dataSource.setPortNumbers(new int[] {port});
        dataSource.setDatabaseName("postgres");
        dataSource.setUser("postgres");
        dataSource.setPassword("postgres");
        return dataSource;
    }

    /** Runs statements on a new connection. */
    public void run(String... statements) throws SQLException {
        try (var connection = dataSource().getConnection();
                var statement = connection.createStatement()) {
            for (var each : statements) {
                statement.execute(each);
            }
        }
    }

    /** Returns the single value of a query, on a new connection. */
    public String value(String query) throws SQLException {
        return values(query).getFirst();
    }

    /** Returns the values of a query's first column, on a new connection. */
    public List<String> values(String query) throws SQLException {
        try (var connection = dataSource().getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(query)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(Objects.requireNonNull(rows.getString(1), query));
            }
            return values;
        }
    }

    /** Returns the PID of its postmaster. */
    public long pid() {
        return postmaster().pid();
    }

    /** Stops all its processes (SIGSTOP): connections stay open, and nothing responds. */
    public void freeze() {
        stopped();
    }

    /** Continues all its processes. */
    public void thaw() {
        kill("-CONT", stopped());
    }

    /** Kills all its processes at once, as a power failure does. */
    public void kill() {
        var all = stopped();
        kill("-KILL", all);
        try {
            for (var process : all) {
                while (isRunning(process)) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Restarts it after {@link #kill}, with the same data and port. */
    public void restart() {
        close(); // releases the lock on the folder
        server = launch();
    }

    /**
     * Stops all its processes and returns them. The postmaster is stopped first: otherwise a backend that it starts
     * between the listing and the signal would go on.
     */
    private List<ProcessHandle> stopped() {
        var postmaster = postmaster();
        kill("-STOP", List.of(postmaster));
        List<ProcessHandle> before = List.of(postmaster);
        while (true) { // the signal is asynchronous: until a listing shows nothing new
            var all = Stream.concat(Stream.of(postmaster), postmaster.descendants())
                    .toList();
            if (all.equals(before)) {
                return all;
            }
            kill("-STOP", all);
            before = all;
        }
    }

    private ProcessHandle postmaster() {
        try {
            var pid = Long.parseLong(
                    Files.readAllLines(folder.resolve("postmaster.pid")).getFirst());
            return ProcessHandle.of(pid).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void kill(String signal, List<ProcessHandle> processes) {
        var command = new ArrayList<>(List.of("kill", signal));
        processes.forEach(process -> command.add(Long.toString(process.pid())));
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD) // kill reports processes that have ended meanwhile
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A zombie that wasn't reaped is alive, but has no command. */
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
