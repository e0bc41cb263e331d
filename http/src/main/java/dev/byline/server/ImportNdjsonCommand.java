package dev.byline.server;

import dev.byline.Byline;
import java.nio.file.Path;
import java.util.List;

/** {@code byline import-ndjson}: loads posts from a file. */
record ImportNdjsonCommand(Terminal terminal, Path file) {
    /** @throws UsageException when the arguments are not one file */
    static ImportNdjsonCommand parse(List<String> arguments, Terminal terminal) {
        if (arguments.size() != 1) {
            throw new UsageException("usage: byline import-ndjson FILE");
        }
        return new ImportNdjsonCommand(terminal, Path.of(arguments.getFirst()));
    }

    int run(ServerConfig config) {
        return Command.onDatabase(config.database(), (url, stop) -> {
            Schema.of(config, url).prepare(config, stop);
            try (var byline = Byline.open(config.core(url))) {
                return new ImportNdjson(byline.posts(), terminal, stop).run(file) ? Command.DONE : Command.FAILED;
            }
        });
    }
}
