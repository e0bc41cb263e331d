package dev.byline.server;

import java.util.concurrent.atomic.AtomicInteger;

/** {@code byline migrate}: applies pending migrations. */
record MigrateCommand(Console console) {
    int run(ServerConfig config) {
        return Command.onDatabase(config.database(), (url, stop) -> {
            var schema = Schema.of(config, url);
            schema.check();
            var applied = new AtomicInteger();
            stop.interruptible(() -> applied.set(schema.apply()));
            console.out().println(applied.get() == 0 ? "the schema is current" : "applied " + applied + " migrations");
            return Command.DONE;
        });
    }
}
