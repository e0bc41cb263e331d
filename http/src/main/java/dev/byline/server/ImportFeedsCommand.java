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
        var at = arguments.indexOf("--user");
        var urls = new ArrayList<>(arguments);
        var email = at < 0 || at + 1 == arguments.size() ? "" : arguments.get(at + 1);
        if (!email.isEmpty()) {
            urls.subList(at, at + 2).clear();
        }
        var distinct = new HashSet<>(urls).size() == urls.size();
        if (email.isEmpty() || urls.isEmpty() || !distinct || urls.stream().anyMatch(url -> url.startsWith("-"))) {
            throw new UsageException("usage: byline import URL... --user EMAIL, each URL once");
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
