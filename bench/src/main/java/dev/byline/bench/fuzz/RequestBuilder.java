package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.OpenApi.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A request under construction; the characters of all strings are bytes. */
final class RequestBuilder {
    final Operation operation;

    /** Whether the operation's documented statuses apply: method and path are unchanged. */
    boolean documented = true;

    String method;
    String path;
    final List<String> query = new ArrayList<>();
    String version = "HTTP/1.1";
    String host = "Host: x";
    final List<String> headers = new ArrayList<>();

    @Nullable
    JsonMembers members;

    /** Replaces the members. */
    @Nullable
    String body;

    UnaryOperator<String> changeBody = UnaryOperator.identity();

    /** Replaces the header Content-Length and the body. */
    @Nullable
    UnaryOperator<String> framing;

    String token = "";
    boolean malformed;
    private final List<String> places = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    RequestBuilder(Operation operation) {
        this.operation = operation;
        this.method = operation.method();
        this.path = operation.path();
    }

    /** Records a change. */
    void changed(String place, String value) {
        places.add(place);
        notes.add(place + " " + Encoding.printable(value, 60));
    }

    /** Replaces a header. */
    void set(String header, String value) {
        var start = header.toLowerCase(Locale.ROOT) + ":";
        headers.removeIf(each -> each.toLowerCase(Locale.ROOT).startsWith(start));
        add(header, value, 1);
    }

    /** Adds a header several times. */
    void add(String header, String value, int times) {
        headers.addAll(Collections.nCopies(times, header + ": " + value));
        if (header.equals("Authorization")) {
            token = "";
        } else if (header.equals("Host")) {
            host = "";
        }
        malformed |= List.of("Host", "Connection", "Upgrade", "Expect").contains(header);
    }

    FuzzRequest build(long index) {
        var content = body != null ? body : members != null ? members.toString() : null;
        content = content == null ? null : changeBody.apply(content);
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
            text.append("Content-Length: " + content.length() + "\r\n\r\n").append(content);
        } else {
            text.append("\r\n");
        }
        return new FuzzRequest(
                index,
                documented ? operation : null,
                List.copyOf(places),
                String.join("; ", notes),
                text.toString(),
                path,
                token,
                malformed,
                operation.hashesPassword() && content != null && content.contains("password"));
    }
}
