package dev.byline.bench.comparison;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.ChildProcess;
import dev.byline.internal.cache.TestRedis;
import dev.byline.model.PoolSizing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import redis.embedded.RedisExecProvider;

/**
 * Starts the targets on one database.
 *
 * @param folder for logs and for the constant responses
 */
record TargetStarter(Options options, ComparisonDatabase database, Path folder) {
    /** Debian's Python, for which the packages are installed. */
    private static final String PYTHON = "/usr/bin/python3";

    private static final String PYTHON_MODULES =
            "fastapi, sqlalchemy, asyncpg, redis, gunicorn, uvicorn, uvloop, httptools";
    private static final String PYTHON_PACKAGES = "python3-fastapi python3-sqlalchemy python3-asyncpg python3-redis"
            + " gunicorn python3-uvicorn python3-uvloop python3-httptools";

    TargetServer start(Target target) throws Exception {
        var port = target == Target.PGBENCH ? 0 : TestRedis.freePort();
        var processes = switch (target) {
            case BYLINE -> List.of(byline(options.jar(), port, "on", options.settings()));
            case BYLINE_UNCACHED -> List.of(byline(options.jar(), port, "off", options.settings()));
            case OTHER -> List.of(byline(options.other(), port, "on", options.otherSettings()));
            case OTHER_UNCACHED -> List.of(byline(options.other(), port, "off", options.otherSettings()));
            case JETTY_BYTES -> List.of(peer(target, "JettyBytes", port, "" + user(), "" + page()));
            case JAVALIN_BYTES -> List.of(peer(target, "JavalinBytes", port, "" + user(), "" + page()));
            case JAVALIN -> List.of(peer(target, "JavalinJdbc", port, database.jdbcUrl(), poolSize()));
            case VERTX -> List.of(peer(target, "VertxPg", port, database.url("postgresql"), "2"));
            case FASTAPI -> List.of(fastapi(target, port, ""));
            case FASTAPI_REDIS -> fastapiWithRedis(target, port);
            case PGBENCH -> List.<Process>of();
        };
        var server = new TargetServer(target, port, processes);
        if (port != 0) {
            server.awaitReady();
        }
        return server;
    }

    /** The file with the constant response for a user. */
    Path user() {
        return folder.resolve("user.json");
    }

    /** The file with the constant response for a page. */
    Path page() {
        return folder.resolve("page.json");
    }

    /** Byline's size. */
    private static String poolSize() {
        return Integer.toString(PoolSizing.forDatabase(Runtime.getRuntime().availableProcessors(), 1));
    }

    /** The log is discarded, because it has a line for each request. */
    private Process byline(Path jar, int port, String cache, Map<String, String> more) throws Exception {
        var settings = new HashMap<>(Map.of(
                "DATABASE_URL",
                database.url("postgres"),
                "BYLINE_MIGRATE",
                "off", // an older build has fewer migrations
                "BYLINE_CACHE",
                cache,
                "BYLINE_LOG",
                "json"));
        settings.putAll(more);
        var command = BylineProcess.command(jar, List.of());
        return BylineProcess.start(command, port, settings, ProcessBuilder.Redirect.DISCARD)
                .process();
    }

    private Process peer(Target target, String name, int port, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(ChildProcess.java()));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of("dev.byline.bench.peer." + name, Integer.toString(port)));
        command.addAll(List.of(arguments));
        return start(target, Map.of(), command);
    }

    private List<Process> fastapiWithRedis(Target target, int port) throws IOException {
        var redisPort = Integer.toString(TestRedis.freePort());
        var program = RedisExecProvider.defaultProvider().get().toString();
        var command = List.of(program, "--bind", "127.0.0.1", "--port", redisPort, "--save", "");
        var redis = start(target, Map.of(), command);
        return List.of(fastapi(target, port, "redis://127.0.0.1:" + redisPort + "/0"), redis);
    }

    private Process fastapi(Target target, int port, String redisUrl) throws IOException {
        var environment = new HashMap<>(Map.of("DATABASE_URL", database.url("postgresql+asyncpg")));
        environment.put("PYTHONHASHSEED", "0"); // without it each worker has its own keys in Redis
        if (!redisUrl.isEmpty()) {
            environment.put("REDIS_URL", redisUrl);
        }
        var address = "127.0.0.1:" + port;
        var gunicorn =
                List.of(PYTHON, "-m", "gunicorn", "--chdir", "bench/fastapi", "--workers", "4", "--bind", address);
        var command = new ArrayList<>(gunicorn);
        command.addAll(List.of("--worker-class", "uvicorn.workers.UvicornWorker", "app:app"));
        return start(target, environment, command);
    }

    private Process start(Target target, Map<String, String> environment, List<String> command) throws IOException {
        return ChildProcess.start(folder.resolve(target + ".log"), environment, command)
                .process();
    }

    /** Throws if a program that the targets need is not installed. */
    static void requirePrograms(List<Target> targets) throws InterruptedException {
        require("wrk", "wrk", "--version");
        if (targets.contains(Target.PGBENCH)) {
            require("postgresql-contrib or postgresql-client", "pgbench", "--version");
        }
        if (targets.contains(Target.FASTAPI) || targets.contains(Target.FASTAPI_REDIS)) {
            require(PYTHON_PACKAGES, PYTHON, "-c", "import " + PYTHON_MODULES);
        }
    }

    private static void require(String packages, String... command) throws InterruptedException {
        var missing = "missing: apt-get install " + packages + "; or choose other --targets";
        try {
            if (ChildProcess.run(command) > 1) { // wrk --version has status 1
                throw new IllegalStateException(missing);
            }
        } catch (IOException e) {
            throw new IllegalStateException(missing, e);
        }
    }
}
