package dev.byline.bench;

import dev.byline.bench.harness.BylineProcess;
import dev.byline.bench.harness.LoadGenerator;
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
 * Measures the time to ready, with a class archive (AppCDS) and without, with an existing database and the embedded
 * one; checks that Java ignores the archive of another build; measures memory under load with a heap of 128 MiB.
 */
final class Footprint {
    private static final int STARTS = 5;
    private static final Duration TIME = Duration.ofSeconds(6);

    private final Path folder;
    private final Path jar;
    private final Path archive;
    private final Map<String, String> existing;
    private final Map<String, LoadGenerator.Request> requests;

    private Footprint(Path folder, Path jar, TestDatabase database) {
        this.folder = folder;
        this.jar = jar;
        this.archive = folder.resolve("byline.jsa");
        this.existing = Map.of("DATABASE_URL", database.serverUrl());
        this.requests = TypicalRequests.create(database.serverUrl());
    }

    public static void main(String[] args) throws Exception {
        var folder = Files.createTempDirectory("byline-footprint");
        var jar = Files.copy(Path.of(args[0]), folder.resolve("byline.jar"), StandardCopyOption.COPY_ATTRIBUTES);
        try (var database = TestDatabase.migrated()) {
            var footprint = new Footprint(folder, jar, database);
            footprint.createArchive();
            footprint.measureStarts();
            footprint.checkOutdatedArchive();
            footprint.measureMemory("-Xmx128m");
            footprint.measureMemory("-Xmx128m", "-XX:TrimNativeHeapInterval=5000");
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private void createArchive() throws Exception {
        try (var server = BylineProcess.start(jar, existing, "-XX:ArchiveClassesAtExit=" + archive)) {
            sendAll(server, Duration.ofSeconds(1));
        }
    }

    private void measureStarts() throws Exception {
        var useArchive = "-XX:SharedArchiveFile=" + archive;
        measureStarts("an existing database", existing);
        measureStarts("an existing database, archive", existing, useArchive);
        measureStarts("the embedded database", embedded("data"));
        measureStarts("the embedded database, archive", embedded("data-2"), useArchive);
    }

    private Map<String, String> embedded(String name) {
        return Map.of("BYLINE_DATA_DIR", folder.resolve(name).toString());
    }

    private void measureStarts(String name, Map<String, String> settings, String... options) throws Exception {
        var seconds = new ArrayList<String>();
        for (int i = 0; i < STARTS; i++) {
            var start = System.nanoTime();
            var server = BylineProcess.start(jar, settings, options);
            seconds.add(String.format(Locale.ROOT, "%.2f", (System.nanoTime() - start) / 1e9));
            server.close();
        }
        System.out.println("ready, " + name + ": " + String.join(", ", seconds) + " s");
    }

    private void checkOutdatedArchive() throws Exception {
        System.out.println("classes from the archive: " + archivedClasses());
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now())); // like another build of the same sources
        System.out.println("classes from the archive when the jar is newer: " + archivedClasses());
    }

    private long archivedClasses() throws Exception {
        var log = folder.resolve("classes.log");
        BylineProcess.start(jar, existing, "-XX:SharedArchiveFile=" + archive, "-Xlog:class+load:file=" + log)
                .close();
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("dev.byline.") && line.contains("shared objects file"))
                    .count();
        }
    }

    private void measureMemory(String... options) throws Exception {
        try (var server = BylineProcess.start(jar, existing, options)) {
            sendAll(server, TIME);
            System.out.println(String.join(" ", options) + ": resident at most " + server.maxResidentMib() + " MiB");
        }
    }

    private void sendAll(BylineProcess server, Duration time) throws Exception {
        for (var request : requests.entrySet()) {
            var results = server.load(32).closedLoop(time, request.getValue());
            if (!results.allSucceeded()) {
                throw new IllegalStateException(request.getKey() + ": " + results);
            }
        }
    }
}
