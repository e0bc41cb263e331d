package dev.byline.bench.failover;

import dev.byline.bench.failover.ClientLoad.Author;
import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.SampleData;
import dev.byline.bench.harness.Sandbox;
import dev.byline.internal.cache.TestRedis;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Two nodes with one database and one Redis. */
public final class BylineNodes {
    private static final int NODES = 2;
    private static final int AUTHORS = 8;

    private final List<BylineProcess> processes = new ArrayList<>();
    private final List<Author> authors = new ArrayList<>();

    private BylineNodes() {}

    /** Starts the nodes and creates users. */
    public static BylineNodes start(Sandbox sandbox, Path jar, String url, Map<String, String> settings)
            throws Exception {
        var nodes = new BylineNodes();
        var all = new HashMap<>(settings);
        all.put("DATABASE_URL", url);
        all.put("REDIS_URL", sandbox.keep(new TestRedis()).uri().toString());
        all.put("BYLINE_REPLICAS", Integer.toString(NODES));
        all.put("BYLINE_POOL_SIZE", "10");
        all.put("BYLINE_LOG_REQUESTS", "off");
        for (int i = 1; i <= NODES; i++) {
            var log = ProcessBuilder.Redirect.appendTo(
                    sandbox.log("byline" + i + ".log").toFile());
            var command = BylineProcess.command(jar, List.of());
            nodes.processes.add(sandbox.keep(BylineProcess.start(command, TestRedis.freePort(), all, log)));
        }
        nodes.createAuthors(url);
        return nodes;
    }

    private void createAuthors(String url) {
        try (var data = new SampleData(url)) {
            data.users(AUTHORS);
            for (int user = 1; user <= AUTHORS; user++) {
                authors.add(Author.of(user, data.token(user)));
            }
        }
    }

    /** Clients of these nodes. */
    public ClientLoad load(Journal journal) {
        return new ClientLoad(processes.stream().map(BylineProcess::port).toList(), authors, journal);
    }

    /** The nodes. */
    public List<BylineProcess> processes() {
        return processes;
    }
}
