package dev.byline.bench.failover;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The installed programs that the cluster needs, with their Debian packages. */
public final class Programs {
    static final Path POSTGRES = Path.of("/usr/lib/postgresql/15/bin");

    private static final Map<String, String> PACKAGES = new LinkedHashMap<>();

    static {
        PACKAGES.put("patroni", "patroni");
        PACKAGES.put("etcd", "etcd-server");
        PACKAGES.put("haproxy", "haproxy");
        PACKAGES.put(POSTGRES.resolve("postgres").toString(), "postgresql-15");
        PACKAGES.put("setpriv", "util-linux");
    }

    private Programs() {}

    /** Ends the JVM with status 2 if a program is missing. */
    public static void require() {
        var missing = PACKAGES.entrySet().stream()
                .filter(each -> !isInstalled(each.getKey()))
                .map(each -> each.getKey() + " (Debian: " + each.getValue() + ")")
                .toList();
        if (!missing.isEmpty()) {
            System.err.println("not installed: " + String.join(", ", missing));
            System.exit(2);
        }
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder).resolve(program)));
    }
}
