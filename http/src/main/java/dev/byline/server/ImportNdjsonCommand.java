package dev.byline.server;

import dev.byline.Byline;
import java.nio.file.Path;
import java.util.List;

/** {@code byline import-ndjson}: imports posts from a file. */
record ImportNdjsonCommand(Console console, Path file) {
    /** @throws UsageException unless the only argument is a file */
    static ImportNdjsonCommand parse(List<String> arguments, Console console) {
        if (arguments.size() != 1) {
            throw Usage.IMPORT_NDJSON.fault("one FILE is needed");
        }
        return new ImportNdjsonCommand(console, Path.of(arguments.getFirst()));
    }

    int run(ServerConfig config) {
        return Command.onDatabase(config.database(), (url, stop) -> {
            Schema.of(config, url).prepare(config, stop);
            try (var byline = Byline.open(config.core(url))) {
                return new ImportNdjson(byline.posts(), console, stop).run(file) ? Command.DONE : Command.FAILED;
            }
        });
    }
}
