package dev.byline.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;

/** Formats the response of {@code GET /capacity} as text. */
final class CapacityReport {
    private CapacityReport() {}

    static String text(String json) {
        try {
            var now = new ObjectMapper().readTree(json);
            return String.format(
                    Locale.ROOT,
                    """
                    %s

                    now         %s requests/s, measured for %s s
                    the pool    can serve %s requests/s: %s connections / %s ms held each time * %s requests each
                    processors  can serve %s requests/s
                    in use      %s of the pool, %s of the processors
                    pool size   %s (%s); recommended %s
                    database    %s connections for all replicas (%s), %s available
                    """,
                    now.get("verdict").asText(),
                    number(now.get("requests_per_second"), 1, 1),
                    number(now.get("measured_seconds"), 1, 0),
                    number(now.get("pool_requests_per_second"), 1, 0),
                    now.get("pool_size").asText(),
                    number(now.get("hold_seconds"), 1000, 2),
                    number(now.get("requests_per_connection"), 1, 2),
                    number(now.get("cpu_requests_per_second"), 1, 0),
                    percent(now.get("pool_utilisation")),
                    percent(now.get("cpu_utilisation")),
                    now.get("pool_size").asText(),
                    now.get("pool_size_reason").asText(),
                    now.get("recommended_pool_size").asText(),
                    now.get("database_connections_wanted").asText(),
                    now.get("replicas").asText(),
                    number(now.get("database_connections_available"), 1, 0));
        } catch (IOException e) {
            throw new UncheckedIOException("not a response of GET /capacity", e);
        }
    }

    private static String percent(JsonNode value) {
        return number(value, 100, 0) + " %";
    }

    private static String number(JsonNode value, double factor, int digits) {
        return value.isNull() ? "?" : String.format(Locale.ROOT, "%,." + digits + "f", value.asDouble() * factor);
    }
}
