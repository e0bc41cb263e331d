package dev.byline.server;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** {@code byline healthcheck} and {@code byline capacity}: ask a running server on this machine. */
record ProbeCommand(Console console) {
    int healthcheck(ServerConfig config) {
        var ready = ask(config.api(config.http().port()).url() + "/readyz").isPresent();
        if (ready) {
            console.out().println("ready");
        }
        return ready ? Command.DONE : Command.FAILED;
    }

    int capacity(ServerConfig config) {
        var answer = ask(config.management().url() + "/capacity");
        answer.map(CapacityReport::text).ifPresent(console.out()::print);
        return answer.isPresent() ? Command.DONE : Command.FAILED;
    }

    /** Requests a URL; unless the status is 200, prints why and returns empty. */
    private Optional<String> ask(String url) {
        try {
            var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
            connection.setConnectTimeout(2000);
            connection.setReadTimeout(4000);
            if (connection.getResponseCode() == HttpURLConnection.HTTP_OK) {
                try (var body = connection.getInputStream()) {
                    return Optional.of(new String(body.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
            console.err().println("byline: not ready: " + url + " answered status " + connection.getResponseCode());
        } catch (IOException e) {
            console.err().println("byline: not ready: " + url + " does not answer: " + e.getMessage());
        }
        return Optional.empty();
    }
}
