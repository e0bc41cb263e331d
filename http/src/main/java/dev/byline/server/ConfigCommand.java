package dev.byline.server;

import dev.byline.model.DatabaseUrl;
import java.util.Map;

/** {@code byline config}: prints the effective settings, secrets masked. */
record ConfigCommand(Terminal terminal) {
    int run(ServerConfig config, Environment values) {
        for (var setting : Settings.ALL) {
            var value = values.get(setting);
            var shown =
                    value.isEmpty() ? effective(config, setting) : setting.secret() ? masked(setting, value) : value;
            terminal.out().printf("%-26s %-40s %s%n", setting, shown, values.source(setting));
        }
        return Command.DONE;
    }

    private static String masked(Setting<?> setting, String value) {
        if (setting.equals(Settings.DATABASE_URL) || setting.equals(Settings.MIGRATE_URL)) {
            return DatabaseUrl.parse(value).toString();
        }
        return setting.equals(Settings.REDIS_URL) ? value.replaceFirst("//[^@]*@", "//****@") : "****";
    }

    private static String effective(ServerConfig config, Setting<?> setting) {
        var computed = Map.<Setting<?>, String>of(
                Settings.DATABASE_URL, "(embedded PostgreSQL)",
                Settings.MIGRATE_URL, "(as DATABASE_URL)",
                Settings.POOL_SIZE, Integer.toString(config.database().plan().poolSize()),
                Settings.MAX_REQUESTS, Integer.toString(config.http().maxRequests()),
                Settings.MANAGEMENT_HOST, config.management().host(),
                Settings.DATABASE_CORES,
                        Integer.toString(config.database().plan().cores()));
        return computed.getOrDefault(setting, setting.byDefault());
    }
}
