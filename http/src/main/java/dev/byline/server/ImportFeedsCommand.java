package dev.byline.server;

import dev.byline.Byline;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** {@code byline import}: imports feeds as posts of an existing user. */
record ImportFeedsCommand(Console console, String email, List<String> urls) {
    /** @throws UsageException unless the arguments are distinct URLs and a user */
    static ImportFeedsCommand parse(List<String> arguments, Console console) {
        var urls = new ArrayList<>(arguments);
        var email = Usage.IMPORT.takeOption(urls, "--user");
        if (email == null) {
            throw Usage.IMPORT.fault("--user EMAIL is missing");
        }
        if (urls.isEmpty()) {
            throw Usage.IMPORT.fault("at least one URL is needed");
        }
        for (var url : urls) {
            if (url.startsWith("-")) {
                throw Usage.IMPORT.fault("unknown option " + url);
            }
        }
        if (new HashSet<>(urls).size() < urls.size()) {
            throw Usage.IMPORT.fault("each URL once");
        }
        return new ImportFeedsCommand(console, email, urls);
    }

    int run(ServerConfig config) {
        return Command.onDatabase(config.database(), (url, stop) -> {
            Schema.of(config, url).prepare(config, stop);
            var imported = new AtomicBoolean();
            try (var byline = Byline.open(config.core(url))) {
                stop.interruptible(() -> imported.set(new ImportFeeds(byline, console).run(email, urls)));
            }
            return imported.get() ? Command.DONE : Command.FAILED;
        });
    }
}
