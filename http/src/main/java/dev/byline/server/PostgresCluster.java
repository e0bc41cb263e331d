package dev.byline.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A data folder of PostgreSQL and the programs that make, start and stop it.
 *
 * @param home where {@code bin/postgres} is
 * @param data the folder, which {@code initdb} makes for its owner only
 */
record PostgresCluster(Path home, Path data) {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresCluster.class);

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    /**
     * The text search parser knows letters from signs by the operating system's locale, whatever the provider of collations.
     * Not every system has the first: musl, macOS and old versions of glibc don't. With C, every sign beyond ASCII is a letter.
     */
    private static final List<String> CHARACTER_TYPES = List.of("C.UTF-8", "en_US.UTF-8", "C");

    private static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("listen_addresses", "127.0.0.1"),
            Map.entry("unix_socket_directories", ""),
            Map.entry("max_connections", "100"),
            Map.entry("timezone", "UTC"),
            Map.entry("logging_collector", "on"),
            Map.entry("log_error_verbosity", "terse"), // without the values of a violated constraint
            Map.entry("log_filename", "postgresql-%a.log"),
            Map.entry("log_truncate_on_rotation", "on"));

    /**
     * Makes the folder; blocks some seconds.
     *
     * @param passwordFile holds the password of the user {@code postgres}
     */
    void create(Path passwordFile) throws IOException {
        create(passwordFile, CHARACTER_TYPES);
    }

    /** With the first of the locales that the operating system has. */
    void create(Path passwordFile, List<String> characterTypes) throws IOException {
        for (var candidates = characterTypes.iterator(); ; ) {
            try {
                create(passwordFile, candidates.next());
                return;
            } catch (IOException e) {
                if (!candidates.hasNext()) {
                    throw e;
                }
                LOG.debug("not a locale of this system, perhaps", e);
            }
        }
    }

    private void create(Path passwordFile, String characterType) throws IOException {
        run(
                "initdb",
                "--pgdata=" + data,
                "--username=postgres",
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--lc-ctype=" + characterType,
                "--no-instructions");
    }

    /** Starts the server; blocks until it answers. It outlives this process, unless {@link #stop} is called. */
    void start(int port) throws IOException {
        var log = Files.createDirectories(data.resolve("log")).resolve("startup.log");
        Files.deleteIfExists(log);
        var options = SETTINGS.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
                .collect(Collectors.joining(" ", "-p " + port + " ", ""));
        try {
            run("pg_ctl", "start", "--pgdata=" + data, "--log=" + log, "--options=" + options, wait(START_TIMEOUT));
        } catch (IOException e) {
            if (Files.exists(data.resolve("postmaster.pid"))) {
                stop();
            }
            throw e;
        }
    }

    /** Stops the server, and its clients' connections with it; blocks until it has ended. */
    void stop() {
        try {
            run("pg_ctl", "stop", "--pgdata=" + data, "--mode=fast", wait(STOP_TIMEOUT));
        } catch (IOException e) {
            LOG.error("could not stop the embedded PostgreSQL", e);
        }
    }

    private static String wait(Duration timeout) {
        return "--timeout=" + timeout.toSeconds();
    }

    /** Runs one of PostgreSQL's programs; blocks until it ends. */
    void run(String program, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        if (isRoot()) {
            command.addAll(List.of("unshare", "-U")); // PostgreSQL refuses root: nobody in a user namespace
        }
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        ChildProcess.run(command);
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false; // not Linux
        }
    }
}
