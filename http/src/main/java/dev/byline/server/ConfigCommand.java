package dev.byline.server;

import dev.byline.model.DatabaseUrl;
import java.util.Map;

/** {@code byline config}: prints the effective settings with secrets masked. */
record ConfigCommand(Console console) {
    int run(ServerConfig config, Environment values) {
        var computedDefaults = computedDefaults(config);
        var line = "%-" + Settings.nameWidth() + "s %-40s %s%n";
        for (var setting : Settings.ALL) {
            var value = values.get(setting);
            var shown = setting.equals(Settings.DATA_DIR)
                    ? config.database().dataDir().toAbsolutePath().normalize().toString()
                    : value.isEmpty()
                            ? computedDefaults.getOrDefault(setting, setting.defaultText())
                            : shown(setting, value);
            console.out().printf(line, setting, shown, values.source(setting));
        }
        return Command.DONE;
    }

    private static String shown(Setting<?> setting, String value) {
        if (!setting.secret()) {
            return value;
        }
        if (setting.equals(Settings.DATABASE_URL) || setting.equals(Settings.MIGRATE_URL)) {
            return DatabaseUrl.parse(value).toString();
        }
        return setting.equals(Settings.REDIS_URL) ? value.replaceFirst("//[^@]*@", "//****@") : "****";
    }

    /** Returns the values of unset settings whose default is not constant. */
    private static Map<Setting<?>, String> computedDefaults(ServerConfig config) {
        return Map.of(
                Settings.DATABASE_URL,
                        EmbeddedPostgres.address(config.database().dataDir())
                                .map(address -> "(embedded PostgreSQL, " + address + ")")
                                .orElse("(embedded PostgreSQL)"),
                Settings.MIGRATE_URL, "(same as DATABASE_URL)",
                Settings.POOL_SIZE, Integer.toString(config.database().plan().poolSize()),
                Settings.MAX_REQUESTS, Integer.toString(config.http().maxRequests()),
                Settings.MANAGEMENT_HOST, config.management().host(),
                Settings.DATABASE_CORES,
                        Integer.toString(config.database().plan().cores()));
    }
}
