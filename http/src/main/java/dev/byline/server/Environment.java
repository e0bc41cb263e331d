package dev.byline.server;

import dev.byline.http.message.Spelling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads the text of each setting from the environment, or from a file for secrets; rejects unknown names. */
final class Environment {
    /** Prefixes of the variables that Kubernetes injects for a Service called byline, besides BYLINE_PORT. */
    private static final List<String> IGNORED_PREFIXES = List.of("BYLINE_SERVICE_", "BYLINE_PORT_");

    private static final String PREFIX = "BYLINE_";

    private final Map<Setting<?>, String> values = new HashMap<>();
    private final Map<Setting<?>, String> sources = new HashMap<>();
    private final List<String> faults = new ArrayList<>();

    Environment(Map<String, String> environment) {
        for (var setting : Settings.ALL) {
            var value = environment.get(setting.name());
            var file = setting.secret() ? environment.get(setting + "_FILE") : null;
            if (value != null && file != null) {
                faults.add(setting + " and " + setting + "_FILE are both set: unset one");
            } else if (file != null) {
                put(setting, readSecret(setting, file), "file " + file);
            } else if (value != null) {
                put(setting, value, "environment");
            }
        }
        environment.keySet().stream()
                .filter(name -> !isKnown(name) && !isInjectedPort(name, environment))
                .sorted()
                .forEach(this::rejectUnknown);
    }

    private void put(Setting<?> setting, String value, String source) {
        values.put(setting, value);
        sources.put(setting, source);
    }

    private String readSecret(Setting<?> setting, String file) {
        var fault = setting + "_FILE cannot be read: ";
        try {
            var secret = Files.readString(Path.of(file)).strip();
            if (secret.isEmpty()) {
                faults.add(setting + "_FILE is empty: " + file);
            }
            return secret;
        } catch (IOException e) {
            faults.add(fault + FileFault.reading(Path.of(file), e));
        } catch (InvalidPathException e) {
            faults.add(fault + file);
        }
        return "";
    }

    /** Kubernetes injects {@code BYLINE_PORT=tcp://10.0.0.1:80}; any other value is a mistake for PORT. */
    private static boolean isInjectedPort(String name, Map<String, String> environment) {
        return name.equals("BYLINE_PORT") && environment.getOrDefault(name, "").matches("(?:tcp|udp|sctp)://.*");
    }

    private static boolean isKnown(String name) {
        return !name.startsWith(PREFIX)
                || IGNORED_PREFIXES.stream().anyMatch(name::startsWith)
                || Settings.ALL.stream()
                        .anyMatch(setting ->
                                setting.name().equals(name) || (setting.secret() && name.equals(setting + "_FILE")));
    }

    private void rejectUnknown(String name) {
        var settings = Settings.ALL.stream().<String>map(Setting::name).toList();
        var bare = name.substring(PREFIX.length());
        var nearest = settings.contains(bare) ? Optional.of(bare) : Spelling.nearest(name, settings);
        faults.add(name + " is an unknown setting"
                + nearest.map(each -> "; did you mean " + each + "?")
                        .orElse(": `byline config --help` lists all settings"));
    }

    /** Returns the text of a setting, empty if it is not set. */
    String get(Setting<?> setting) {
        return values.getOrDefault(setting, "");
    }

    /** Returns where the value comes from, for {@code byline config}. */
    String source(Setting<?> setting) {
        return get(setting).isEmpty() ? "default" : sources.getOrDefault(setting, "default");
    }

    List<String> faults() {
        return faults;
    }
}
