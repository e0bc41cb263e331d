package dev.byline.server;

import dev.byline.Byline;
import java.io.IOException;
import java.nio.file.AccessMode;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code byline import-ndjson}: imports posts from a file. */
record ImportNdjsonCommand(Console console, Path file) {
    /** @throws UsageException unless the only argument is a file that can be read */
    static ImportNdjsonCommand parse(List<String> arguments, Console console) {
        if (arguments.size() != 1) {
            throw Usage.IMPORT_NDJSON.fault("one FILE is needed");
        }
        var file = Path.of(arguments.getFirst()).toAbsolutePath().normalize();
        try {
            checkReadable(file);
        } catch (IOException e) {
            throw new UsageException(FileFault.reading(file, e));
        }
        return new ImportNdjsonCommand(console, file);
    }

    /** Reads nothing: the file can be a pipe. */
    private static void checkReadable(Path file) throws IOException {
        file.getFileSystem().provider().checkAccess(file, AccessMode.READ);
        if (Files.isDirectory(file)) {
            throw new FileSystemException(file.toString(), null, "Is a directory");
        }
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
