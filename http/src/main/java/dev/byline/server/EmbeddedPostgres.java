package dev.byline.server;

import dev.byline.model.DatabaseUrl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
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
 * The default database: a PostgreSQL from the jar, on a port of its own on the loopback interface, with its data in a
 * folder that outlives it. It writes as durably as any other: fsync and synchronous_commit are on.
 *
 * <p>One process owns the folder, by a lock on the file {@code lock}, which the operating system drops with the process.
 * So whoever holds the lock may stop a PostgreSQL that is still running there: its owner was killed.
 */
final class EmbeddedPostgres implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    /** Data folders of different major versions don't mix. */
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
     * Starts it; blocks until it answers, some seconds the first time.
     *
     * @param folder for the data, made when missing
     * @throws UsageException when another process uses the folder, or it can't be used
     */
    static EmbeddedPostgres start(Path folder) {
        return startIn(folder.toAbsolutePath().normalize());
    }

    private static EmbeddedPostgres startIn(Path folder) {
        try {
            createPrivate(folder);
            var lockFile = lock(folder)
                    .orElseThrow(() -> new UsageException("another Byline is running on "
                            + folder
                            + "; stop it, or set BYLINE_DATA_DIR to another folder"));
            try {
                return start(folder, lockFile);
            } catch (IOException | RuntimeException e) {
                lockFile.close();
                throw e;
            }
        } catch (IOException e) {
            LOG.debug("embedded PostgreSQL", e);
            throw new UsageException("the embedded PostgreSQL does not start in "
                    + folder + ": " + e
                    + "; see the files in " + CLUSTER + "/log there, or set DATABASE_URL to a PostgreSQL of your own");
        }
    }

    /** Only for the owner: what is below holds everyone's data and the password to it. */
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
     * Where the PostgreSQL of another process is that runs on the folder; empty when none does.
     *
     * @param folder for the data
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
            // Line 4 of postmaster.pid is the port: https://www.postgresql.org/docs/current/storage-file-layout.html
            var port = Files.readAllLines(folder.resolve(CLUSTER).resolve("postmaster.pid"))
                    .get(3)
                    .strip();
            return Optional.of(url(Integer.parseInt(port), Files.readString(folder.resolve("password"))));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new UsageException("another Byline is just starting or stopping on "
                    + folder.toAbsolutePath().normalize() + "; try again");
        }
    }

    private static Optional<FileChannel> lock(Path folder) throws IOException {
        var file = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = file.tryLock();
            if (lock != null) {
                return Optional.of(file);
            }
        } catch (OverlappingFileLockException e) {
            LOG.debug("locked by this process", e);
        }
        file.close();
        return Optional.empty();
    }

    private static EmbeddedPostgres start(Path folder, FileChannel lockFile) throws IOException {
        warnIfOpen(folder);
        var data = folder.resolve(CLUSTER);
        var binaries = folder.resolve("binaries");
        var complete = folder.resolve(CLUSTER + ".complete");
        var passwordFile = folder.resolve("password");
        var password = password(passwordFile);
        createPrivate(binaries);
        stopOrphan(data, binaries);
        setAsideUnfinished(data, complete);
        var cluster = new PostgresCluster(PostgresBinaries.unpack(binaries), data);
        if (!Files.exists(data)) {
            cluster.create(passwordFile);
        }
        var port = freePort();
        cluster.start(port);
        Files.writeString(complete, "");
        return new EmbeddedPostgres(cluster, port, lockFile, password);
    }

    private static void warnIfOpen(Path folder) throws IOException {
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return;
        }
        var permissions = Files.getPosixFilePermissions(folder);
        if (!OWNER_ONLY.containsAll(permissions)) {
            LOG.warn(
                    "the data folder {} is open to other users of this machine ({}), with all data and the password to it: run"
                            + " chmod 700 {}",
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
     * A start that was killed leaves a cluster half made, without the mark of a complete one: it is renamed, as it may not be
     * worthless.
     */
    private static void setAsideUnfinished(Path cluster, Path complete) throws IOException {
        if (Files.exists(cluster) && !Files.exists(complete)) {
            var aside = cluster.resolveSibling(CLUSTER + ".unfinished-" + System.currentTimeMillis());
            LOG.warn("the first start was cut short: what it left is now {}", aside);
            Files.move(cluster, aside);
        }
    }

    /** A killed JVM leaves its PostgreSQL running: stops it, as the lock says that nobody owns it any more. */
    private static void stopOrphan(Path cluster, Path binaries) throws IOException {
        var orphan = postmaster(cluster).filter(process -> isOurs(process, binaries));
        if (orphan.isEmpty()) {
            return; // none, or a stale file, which PostgreSQL itself knows to handle
        }
        var pid = orphan.get().pid();
        LOG.info("stopping the PostgreSQL that a killed Byline left behind (process {})", pid);
        // SIGINT is PostgreSQL's fast shutdown; SIGTERM, all that Java can send, would wait for its clients.
        ChildProcess.run(List.of("kill", "-INT", Long.toString(pid)));
        try {
            orphan.get().onExit().get(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(
                    "the PostgreSQL that a killed Byline left behind (process " + pid + ") does not stop", e);
        }
    }

    private static Optional<ProcessHandle> postmaster(Path cluster) {
        try {
            var pid = Files.readAllLines(cluster.resolve("postmaster.pid")).getFirst();
            return ProcessHandle.of(Long.parseLong(pid.strip()));
        } catch (IOException | NumberFormatException | NoSuchElementException e) {
            LOG.debug("no postmaster.pid that says anything", e);
            return Optional.empty();
        }
    }

    /** Numbers of processes come again: it must run a binary of ours. */
    private static boolean isOurs(ProcessHandle process, Path binaries) {
        try {
            var command = process.info().command();
            return command.isPresent() && Path.of(command.get()).startsWith(binaries.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }

    /** Where it is. */
    DatabaseUrl url() {
        return url(port, password);
    }

    private static DatabaseUrl url(int port, String password) {
        return DatabaseUrl.parse("postgres://postgres:" + password + "@127.0.0.1:" + port + "/postgres");
    }

    /** Stops it; blocks until it has. */
    @Override
    public void close() {
        try (lockFile) {
            cluster.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
