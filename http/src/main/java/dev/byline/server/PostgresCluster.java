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
 * Creates, starts and stops a PostgreSQL cluster with PostgreSQL's own programs.
 *
 * @param home the folder that contains {@code bin/postgres}
 * @param data the data folder; {@code initdb} creates it, accessible to its owner only
 */
record PostgresCluster(Path home, Path data) {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresCluster.class);

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    /**
     * Candidates for {@code lc_ctype}, best first. The text search parser uses this locale of the operating system to
     * tell letters from punctuation, whatever the collation provider. musl, macOS and old versions of glibc lack
     * C.UTF-8. With C, every character outside ASCII is a letter.
     */
    private static final List<String> CHARACTER_TYPES = List.of("C.UTF-8", "en_US.UTF-8", "C");

    private static final Map<String, String> SETTINGS = Map.ofEntries(
            Map.entry("listen_addresses", "127.0.0.1"),
            Map.entry("unix_socket_directories", ""),
            Map.entry("max_connections", "100"),
            Map.entry("timezone", "UTC"),
            Map.entry("logging_collector", "on"),
            Map.entry("log_error_verbosity", "terse"), // omits the values that violate a constraint
            Map.entry("log_filename", "postgresql-%a.log"),
            Map.entry("log_truncate_on_rotation", "on"));

    /**
     * Creates the cluster; blocks for some seconds.
     *
     * @param passwordFile contains the password of the user {@code postgres}
     */
    void create(Path passwordFile) throws IOException {
        create(passwordFile, CHARACTER_TYPES);
    }

    /** Creates the cluster with the first of these locales that the operating system has. */
    void create(Path passwordFile, List<String> characterTypes) throws IOException {
        for (var candidates = characterTypes.iterator(); ; ) {
            try {
                create(passwordFile, candidates.next());
                return;
            } catch (IOException e) {
                if (!candidates.hasNext()) {
                    throw e;
                }
                LOG.debug("initdb failed, perhaps because the system lacks the locale", e);
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

    /** Starts the server; blocks until it accepts connections. It can outlive this process: call {@link #stop}. */
    void start(int port) throws IOException {
        var log = Files.createDirectories(data.resolve("log")).resolve("startup.log");
        Files.deleteIfExists(log);
        var options = SETTINGS.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "=" + setting.getValue())
                .collect(Collectors.joining(" ", "-p " + port + " ", ""));
        try {
            run("pg_ctl", "start", "--pgdata=" + data, "--log=" + log, "--options=" + options, timeout(START_TIMEOUT));
        } catch (IOException e) {
            if (Files.exists(data.resolve("postmaster.pid"))) {
                stop();
            }
            throw e;
        }
    }

    /** Closes the clients' connections and stops the server; blocks until it has stopped. */
    void stop() {
        try {
            run("pg_ctl", "stop", "--pgdata=" + data, "--mode=fast", timeout(STOP_TIMEOUT));
        } catch (IOException e) {
            LOG.error("could not stop the embedded PostgreSQL", e);
        }
    }

    private static String timeout(Duration timeout) {
        return "--timeout=" + timeout.toSeconds();
    }

    /** Runs one of PostgreSQL's programs; blocks until it exits. */
    void run(String program, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        if (isRoot()) {
            // PostgreSQL refuses to run as root. In a user namespace it runs as nobody.
            command.addAll(List.of("unshare", "-U"));
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
