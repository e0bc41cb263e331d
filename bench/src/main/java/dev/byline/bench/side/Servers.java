package dev.byline.bench.side;

import dev.byline.internal.cache.TestRedis;
import dev.byline.model.PoolSizing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import redis.embedded.RedisExecProvider;

/**
 * Starts the targets, all on one database.
 *
 * @param logs where what they say goes; Byline's goes nowhere, as it has a line for each request
 */
record Servers(Options options, Database database, Path logs) {
    /** Debian's, for which the packages are. */
    private static final String PYTHON = "/usr/bin/python3";

    private static final int WORKERS = 4;

    Server start(Target target) throws IOException, InterruptedException {
        var port = target == Target.PGBENCH ? 0 : TestRedis.freePort();
        var server = new Server(
                target,
                port,
                switch (target) {
                    case BYLINE -> List.of(byline(options.jar(), port, "on"));
                    case BYLINE_UNCACHED -> List.of(byline(options.jar(), port, "off"));
                    case OTHER -> List.of(byline(Objects.requireNonNull(options.other()), port, "on"));
                    case OTHER_UNCACHED -> List.of(byline(Objects.requireNonNull(options.other()), port, "off"));
                    case JETTY_BYTES -> List.of(peer(target, "JettyBytes", port, file("user"), file("page")));
                    case JAVALIN_BYTES -> List.of(peer(target, "JavalinBytes", port, file("user"), file("page")));
                    case JAVALIN -> List.of(peer(target, "JavalinJdbc", port, database.jdbcUrl(), poolSize()));
                    case VERTX -> List.of(peer(target, "VertxPg", port, database.url("postgresql"), "2"));
                    case FASTAPI -> List.of(fastapi(target, port, Map.of()));
                    case FASTAPI_REDIS -> fastapiWithRedis(target, port);
                    case PGBENCH -> List.<Process>of();
                });
        if (port != 0) {
            server.awaitReady();
        }
        return server;
    }

    /** For the servers that answer bytes which they were given. */
    Path bytes(String name) {
        return logs.resolve(name + ".json");
    }

    private String file(String name) {
        return bytes(name).toString();
    }

    /** As Byline's. */
    private static String poolSize() {
        return Integer.toString(PoolSizing.forDatabase(Runtime.getRuntime().availableProcessors(), 1));
    }

    private List<String> java() {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options.jvm());
        return command;
    }

    private Process byline(Path jar, int port, String cache) throws IOException {
        var command = java();
        command.addAll(List.of("-jar", jar.toString(), "serve"));
        var builder = new ProcessBuilder(command);
        builder.environment()
                .putAll(Map.of(
                        "DATABASE_URL", database.url("postgres"),
                        "PORT", Integer.toString(port),
                        "BYLINE_MANAGEMENT_PORT", Integer.toString(TestRedis.freePort()),
                        "BYLINE_CACHE", cache,
                        "BYLINE_MIGRATE", "off", // an older build has other migrations
                        "BYLINE_LOG", "json",
                        "BYLINE_RATE_LIMIT", "0",
                        "BYLINE_RATE_LIMIT_ANONYMOUS", "0",
                        "BYLINE_RATE_LIMIT_LOGIN", "0",
                        "BYLINE_RATE_LIMIT_SIGNUP", "0"));
        return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private Process peer(Target target, String name, int port, String... arguments) throws IOException {
        var command = java();
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), "dev.byline.bench.peer." + name, Integer.toString(port)));
        command.addAll(List.of(arguments));
        return logged(target, new ProcessBuilder(command));
    }

    private List<Process> fastapiWithRedis(Target target, int port) throws IOException {
        var redisPort = TestRedis.freePort();
        var program = RedisExecProvider.defaultProvider().get().toString();
        var redis = logged(
                target,
                new ProcessBuilder(
                        program, "--bind", "127.0.0.1", "--port", Integer.toString(redisPort), "--save", ""));
        return List.of(fastapi(target, port, Map.of("REDIS_URL", "redis://127.0.0.1:" + redisPort + "/0")), redis);
    }

    private Process fastapi(Target target, int port, Map<String, String> settings) throws IOException {
        var builder = new ProcessBuilder(
                PYTHON,
                "-m",
                "gunicorn",
                "--worker-class",
                "uvicorn.workers.UvicornWorker",
                "--workers",
                Integer.toString(WORKERS),
                "--bind",
                "127.0.0.1:" + port,
                "app:app");
        var environment = new HashMap<>(settings);
        environment.put("DATABASE_URL", database.url("postgresql+asyncpg"));
        environment.put("PYTHONHASHSEED", "0"); // else each worker would have keys of its own
        builder.environment().putAll(environment);
        builder.directory(Path.of("bench", "fastapi").toFile());
        return logged(target, builder);
    }

    private Process logged(Target target, ProcessBuilder builder) throws IOException {
        return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        logs.resolve(target + ".log").toFile()))
                .start();
    }

    /** Whether all that a target needs is installed. */
    static void requireInstalled(List<Target> targets) throws IOException, InterruptedException {
        require(List.of("wrk", "--version"), "wrk");
        if (targets.contains(Target.PGBENCH)) {
            require(List.of("pgbench", "--version"), "postgresql-contrib or postgresql-client");
        }
        if (targets.contains(Target.FASTAPI) || targets.contains(Target.FASTAPI_REDIS)) {
            require(
                    List.of(
                            PYTHON,
                            "-c",
                            "import fastapi, sqlalchemy, asyncpg, redis, gunicorn, uvicorn, uvloop, httptools"),
                    "python3-fastapi python3-sqlalchemy python3-asyncpg python3-redis gunicorn python3-uvicorn"
                            + " python3-uvloop python3-httptools");
        }
    }

    private static void require(List<String> command, String packages) throws IOException, InterruptedException {
        var missing = "missing: apt-get install " + packages + "; or choose other --targets";
        try {
            var status = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
            if (status > 1) { // wrk --version has status 1
                throw new IllegalStateException(missing);
            }
        } catch (IOException e) {
            throw new IOException(missing, e);
        }
    }
}
