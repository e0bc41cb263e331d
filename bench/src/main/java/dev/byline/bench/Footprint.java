package dev.byline.bench;

import dev.byline.migrations.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;

/**
 * How soon is the server ready, with an archive of its classes (AppCDS) and without one, beside a database and with one of its
 * own; is an archive of another build left alone; and how much memory does it take under load with a heap of 128 MiB?
 */
final class Footprint {
    private static final int TIMES = 5;
    private static final Duration TIME = Duration.ofSeconds(6);
    private static final String ARCHIVE = "-XX:SharedArchiveFile=";

    private final Path folder;
    private final Path jar;
    private final Path archive;
    private final Map<String, String> external;
    private final Site site;

    private Footprint(Path folder, Path jar, TestDatabase database) {
        this.folder = folder;
        this.jar = jar;
        this.archive = folder.resolve("byline.jsa");
        this.external = Map.of("DATABASE_URL", database.url());
        this.site = Site.fill(database);
    }

    public static void main(String[] args) throws Exception {
        var folder = Files.createTempDirectory("byline-footprint");
        var jar = Files.copy(Path.of(args[0]), folder.resolve("byline.jar"), StandardCopyOption.COPY_ATTRIBUTES);
        try (var database = TestDatabase.migrated()) {
            var footprint = new Footprint(folder, jar, database);
            footprint.train();
            footprint.start();
            footprint.rebuild();
            footprint.load("-Xmx128m");
            footprint.load("-Xmx128m", "-XX:TrimNativeHeapInterval=5000");
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void train() throws Exception {
        try (var server = Jar.start(jar, external, "-XX:ArchiveClassesAtExit=" + archive)) {
            ask(server, Duration.ofSeconds(1));
        }
    }

    private void start() throws Exception {
        times("a database that is there", external);
        times("a database that is there, archive", external, ARCHIVE + archive);
        times(
                "its own database",
                Map.of("BYLINE_DATA_DIR", folder.resolve("data").toString()));
        times(
                "its own database, archive",
                Map.of("BYLINE_DATA_DIR", folder.resolve("data-2").toString()),
                ARCHIVE + archive);
    }

    private void times(String name, Map<String, String> settings, String... options) throws Exception {
        var seconds = new ArrayList<String>();
        for (int i = 0; i < TIMES; i++) {
            var start = System.nanoTime();
            var server = Jar.start(jar, settings, options);
            seconds.add(String.format(Locale.ROOT, "%.2f", (System.nanoTime() - start) / 1e9));
            server.close();
        }
        System.out.println("ready, " + name + ": " + String.join(", ", seconds) + " s");
    }

    /** As a build of the same sources would leave it. */
    private void rebuild() throws Exception {
        System.out.println("classes from the archive, of the jar it was made from: " + archived());
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now()));
        System.out.println("classes from the archive, of a jar that is newer: " + archived());
    }

    private long archived() throws Exception {
        var log = folder.resolve("classes.log");
        Jar.start(jar, external, ARCHIVE + archive, "-Xlog:class+load:file=" + log)
                .close();
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("dev.byline.") && line.contains("shared objects file"))
                    .count();
        }
    }

    private void load(String... options) throws Exception {
        try (var server = Jar.start(jar, external, options)) {
            ask(server, TIME);
            System.out.println(String.join(" ", options) + ": resident at most " + server.mebibytes("VmHWM") + " MiB");
        }
    }

    private void ask(Jar server, Duration time) throws Exception {
        for (var work : site.work().entrySet()) {
            var outcomes = Load.closed(server.port(), 32, time, work.getValue());
            if (outcomes.stream().anyMatch(outcome -> outcome.status() / 100 != 2)) {
                throw new IllegalStateException(work.getKey() + ": not all were 2xx");
            }
        }
    }
}
