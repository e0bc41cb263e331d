package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.Contract.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A request that is being made; all text is bytes. */
final class Draft {
    final Operation operation;

    /** Whether the operation's documented statuses hold: neither method nor path were changed. */
    boolean documented = true;

    String method;
    String path;
    final List<String> query = new ArrayList<>();
    String version = "HTTP/1.1";
    String host = "Host: x";
    final List<String> headers = new ArrayList<>();

    @Nullable
    Members members;

    @Nullable
    String body;

    UnaryOperator<String> spoilBody = UnaryOperator.identity();

    /** Replaces the header Content-Length and frames the body, if set. */
    @Nullable
    UnaryOperator<String> framing;

    String token = "";
    boolean loose;
    private final List<String> places = new ArrayList<>();
    private String note = "";

    Draft(Operation operation) {
        this.operation = operation;
        this.method = operation.method();
        this.path = operation.path();
    }

    /** Says what was changed. */
    void changed(String place, String what) {
        places.add(place);
        note += (note.isEmpty() ? "" : "; ") + place + " " + what;
    }

    void set(String header, String value) {
        remove(header);
        headers.add(header + ": " + value);
    }

    void remove(String header) {
        var start = header.toLowerCase(Locale.ROOT) + ":";
        headers.removeIf(each -> each.toLowerCase(Locale.ROOT).startsWith(start));
    }

    Request build(long index) {
        var content = members == null ? body : body != null ? body : members.toString();
        content = content == null ? null : spoilBody.apply(content);
        var text = new StringBuilder(method).append(' ').append(path);
        if (!query.isEmpty()) {
            text.append('?').append(String.join("&", query));
        }
        text.append(' ').append(version).append("\r\n");
        if (!host.isEmpty()) {
            text.append(host).append("\r\n");
        }
        headers.forEach(header -> text.append(header).append("\r\n"));
        if (framing != null) {
            text.append(framing.apply(content == null ? "" : content));
        } else if (content != null) {
            text.append("Content-Length: ")
                    .append(content.length())
                    .append("\r\n\r\n")
                    .append(content);
        } else {
            text.append("\r\n");
        }
        return new Request(
                index,
                documented ? operation : null,
                List.copyOf(places),
                note,
                text.toString(),
                path,
                token,
                loose,
                operation.hashes() && content != null && content.contains("password"));
    }
}
