package dev.byline.server;

import dev.byline.model.DatabaseUrl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the PostgreSQL that the jar contains, on a free port of the loopback interface, with persistent data in a
 * folder. Writes are durable: fsync and synchronous_commit are on.
 *
 * <p>One process owns the folder: it holds a lock on the file {@code lock}, which the operating system releases when
 * the process ends. If a process gets the lock and a PostgreSQL still runs on the folder, the previous owner was
 * killed, and the PostgreSQL can be stopped.
 */
final class EmbeddedPostgres implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    /** PostgreSQL cannot open the data of another major version. */
    private static final String CLUSTER = "postgres-18";

    private final PostgresCluster cluster;
    private final int port;
    private final FileChannel lockFile;
    private final String password;

    private EmbeddedPostgres(PostgresCluster cluster, int port, FileChannel lockFile, String password) {
        this.cluster = cluster;
        this.port = port;
        this.lockFile = lockFile;
        this.password = password;
    }

    /**
     * Starts PostgreSQL; blocks until it accepts connections, the first time for some seconds.
     *
     * @param folder for the data, created if missing
     * @throws UsageException when another process uses the folder, or PostgreSQL cannot be started in it
     */
    static EmbeddedPostgres start(Path folder) {
        return startIn(folder.toAbsolutePath().normalize());
    }

    private static EmbeddedPostgres startIn(Path folder) {
        try {
            createPrivate(folder);
            var lockFile = lock(folder)
                    .orElseThrow(() -> new UsageException("another Byline is running on " + folder
                            + "; stop it, or set BYLINE_DATA_DIR to another folder"));
            try {
                return start(folder, lockFile);
            } catch (IOException | RuntimeException e) {
                lockFile.close();
                throw e;
            }
        } catch (IOException e) {
            throw refusal("the embedded PostgreSQL cannot start in ", folder, e);
        }
    }

    private static UsageException refusal(String what, Path folder, IOException e) {
        LOG.debug("embedded PostgreSQL", e);
        var log = folder.resolve(CLUSTER).resolve("log");
        var first = e instanceof FileSystemException
                ? "set BYLINE_DATA_DIR to a folder that this user may write to, or "
                : Files.isDirectory(log) ? "see the files in " + log + ", or " : "";
        return new UsageException(what + folder + ": " + FileFault.writing(e) + "; " + first
                + "set DATABASE_URL to use another PostgreSQL");
    }

    /** Creates the folder for its owner only: it contains all data and the database password. */
    private static void createPrivate(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } else {
            Files.createDirectories(folder);
        }
    }

    /**
     * Returns the URL of the PostgreSQL that another process runs on the folder; empty if none does.
     *
     * @param folder the data folder
     * @throws UsageException when the other process is starting or stopping, or the folder is not accessible
     */
    static Optional<DatabaseUrl> running(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try {
            var lockFile = lock(folder);
            if (lockFile.isPresent()) {
                lockFile.get().close();
                return Optional.empty();
            }
            return Optional.of(url(port(folder.resolve(CLUSTER)), Files.readString(folder.resolve("password"))));
        } catch (NoSuchFileException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new UsageException("another Byline is starting or stopping on "
                    + folder.toAbsolutePath().normalize() + "; try again");
        } catch (IOException e) {
            throw refusal(
                    "the embedded PostgreSQL cannot be used in ",
                    folder.toAbsolutePath().normalize(),
                    e);
        }
    }

    /**
     * Returns the URL of the PostgreSQL that runs on the folder, with its password masked; empty if none does. It takes
     * no lock, which a server that starts would find taken.
     */
    static Optional<String> address(Path folder) {
        var cluster = folder.resolve(CLUSTER);
        try {
            return postmaster(cluster).isEmpty()
                    ? Optional.empty()
                    : Optional.of("postgres://postgres:****@127.0.0.1:" + port(cluster) + "/postgres");
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            LOG.debug("postmaster.pid is incomplete", e);
            return Optional.empty();
        }
    }

    /** Line 4 of postmaster.pid is the port: https://www.postgresql.org/docs/current/storage-file-layout.html. */
    private static int port(Path cluster) throws IOException {
        return Integer.parseInt(
                Files.readAllLines(cluster.resolve("postmaster.pid")).get(3).strip());
    }

    private static Optional<FileChannel> lock(Path folder) throws IOException {
        var file = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = file.tryLock();
            if (lock != null) {
                return Optional.of(file);
            }
        } catch (OverlappingFileLockException e) {
            LOG.debug("this process holds the lock", e);
        }
        file.close();
        return Optional.empty();
    }

    private static EmbeddedPostgres start(Path folder, FileChannel lockFile) throws IOException {
        warnIfAccessibleToOthers(folder);
        var data = folder.resolve(CLUSTER);
        var binaries = folder.resolve("binaries");
        var complete = folder.resolve(CLUSTER + ".complete");
        var passwordFile = folder.resolve("password");
        var password = password(passwordFile);
        createPrivate(binaries);
        stopOrphan(data, binaries);
        renameUnfinished(data, complete);
        var cluster = new PostgresCluster(PostgresBinaries.unpack(binaries), data);
        if (!Files.exists(data)) {
            cluster.create(passwordFile);
        }
        var port = freePort();
        cluster.start(port);
        Files.writeString(complete, "");
        return new EmbeddedPostgres(cluster, port, lockFile, password);
    }

    private static void warnIfAccessibleToOthers(Path folder) throws IOException {
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        var permissions = Files.getPosixFilePermissions(folder);
        if (!OWNER_ONLY.containsAll(permissions)) {
            LOG.warn(
                    "other users of this machine can access the data folder {} ({}), with all data and the database"
                            + " password: run chmod 700 {}",
                    folder,
                    PosixFilePermissions.toString(permissions),
                    folder);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String password(Path file) throws IOException {
        if (!Files.exists(file)) {
            var random = new byte[24];
            new SecureRandom().nextBytes(random);
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            Files.writeString(file, HexFormat.of().formatHex(random));
        }
        return Files.readString(file);
    }

    /**
     * Renames the incomplete cluster that a killed first start left, which lacks the file {@code .complete}. It is not
     * deleted, in case that file was lost.
     */
    private static void renameUnfinished(Path cluster, Path complete) throws IOException {
        if (Files.exists(cluster) && !Files.exists(complete)) {
            var renamed = cluster.resolveSibling(CLUSTER + ".unfinished-" + System.currentTimeMillis());
            LOG.warn("the first start was interrupted: renamed its unfinished data folder to {}", renamed);
            Files.move(cluster, renamed);
        }
    }

    /** Stops the PostgreSQL of a killed JVM; the lock shows that no process owns it. */
    private static void stopOrphan(Path cluster, Path binaries) throws IOException {
        var orphan = postmaster(cluster).filter(process -> runsBinaryOf(binaries, process));
        if (orphan.isEmpty()) {
            return; // none, or a stale postmaster.pid, which PostgreSQL handles itself
        }
        var pid = orphan.get().pid();
        LOG.info("stopping the PostgreSQL that a killed Byline left running (PID {})", pid);
        // SIGINT is PostgreSQL's fast shutdown. Java can only send SIGTERM, which waits for clients to disconnect.
        ChildProcess.run(List.of("kill", "-INT", Long.toString(pid)));
        try {
            orphan.get().onExit().get(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(
                    "the PostgreSQL that a killed Byline left running (PID " + pid + ") does not stop", e);
        }
    }

    private static Optional<ProcessHandle> postmaster(Path cluster) {
        try {
            var pid = Files.readAllLines(cluster.resolve("postmaster.pid")).getFirst();
            return ProcessHandle.of(Long.parseLong(pid.strip()));
        } catch (IOException | NumberFormatException | NoSuchElementException e) {
            LOG.debug("postmaster.pid is missing or unreadable", e);
            return Optional.empty();
        }
    }

    /** Returns whether a process runs a binary of this folder. PIDs are reused, so the PID alone proves nothing. */
    private static boolean runsBinaryOf(Path binaries, ProcessHandle process) {
        try {
            var command = process.info().command();
            return command.isPresent() && Path.of(command.get()).startsWith(binaries.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the URL, with the password. */
    DatabaseUrl url() {
        return url(port, password);
    }

    private static DatabaseUrl url(int port, String password) {
        return DatabaseUrl.parse("postgres://postgres:" + password + "@127.0.0.1:" + port + "/postgres");
    }

    /** Stops PostgreSQL; blocks until it has stopped. */
    @Override
    public void close() {
        try (lockFile) {
            cluster.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
