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
import java.util.function.Supplier;
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

    /** Returns its URL, with user and password, and Byline's schema as the current one. */
    public String serverUrl() {
        return url() + "?currentSchema=byline";
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

    /** Returns when a pause of the replay on this standby has begun: it takes effect with the next record. */
    public void pauseReplay() throws Exception {
        run("SELECT pg_wal_replay_pause()");
        Await.until(() -> value("SELECT pg_get_wal_replay_pause_state()").equals("paused"));
    }

    /** Stops all its processes (SIGSTOP): connections stay open, and nothing responds. */
    public void freeze() {
        var unused = ProcessTrees.freeze(List.of(postmaster()));
    }

    /** Continues all its processes. */
    public void thaw() {
        ProcessTrees.signal("CONT", ProcessTrees.freeze(List.of(postmaster())));
    }

    /** Kills all its processes at once, as a power failure does. */
    public void kill() {
        ProcessTrees.kill(List.of(postmaster()));
    }

    /** Restarts it after {@link #kill}, with the same data and port. */
    public void restart() {
        close(); // releases the lock on the folder
        server = launch();
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

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
