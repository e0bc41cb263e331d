package dev.byline.bench.fuzz;

import com.fasterxml.jackson.databind.node.MissingNode;
import dev.byline.bench.fuzz.OpenApi.Operation;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A request, built step by step and then sent. The characters of all strings are bytes. */
public final class FuzzRequest {
    private static final Set<String> CONNECTION_HEADERS = Set.of("Host", "Connection", "Upgrade", "Expect");

    /** The index in the sequence of requests, -1 outside it. */
    private final long index;

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

    /** The token of a user, empty for none or an invented one. */
    String token = "";

    /** Whether it is invalid HTTP: a server may close the connection without a response. */
    boolean malformed;

    private final List<String> places = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    FuzzRequest(long index, Operation operation) {
        this.index = index;
        this.operation = operation;
        this.method = operation.method();
        this.path = operation.path();
    }

    /** A valid request outside the sequence; token and JSON may be empty. */
    public static FuzzRequest of(String method, String path, String token, String json) {
        var body = MissingNode.getInstance();
        var request = new FuzzRequest(-1, new Operation(method, path, List.of(), body, List.of(), Set.of(), false));
        request.documented = false;
        if (!token.isEmpty()) {
            request.authorize(token);
        }
        if (!json.isEmpty()) {
            request.set("Content-Type", "application/json");
            request.body = json;
        }
        return request;
    }

    /** Records a change. */
    void changed(String place, String value) {
        places.add(place);
        notes.add(place + " " + Encoding.printable(value, 60));
    }

    void authorize(String userToken) {
        set("Authorization", "Bearer " + userToken);
        token = userToken;
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
        malformed |= CONNECTION_HEADERS.contains(header);
    }

    private @Nullable String content() {
        var content = body != null ? body : members != null ? members.toString() : null;
        return content == null ? null : changeBody.apply(content);
    }

    byte[] bytes() {
        var content = content();
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
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether the server may hash a password for it. */
    public boolean hashesPassword() {
        var content = content();
        return operation.hashesPassword() && content != null && content.contains("password");
    }

    /** Responses to HEAD have no body, even errors. */
    boolean isHead() {
        return method.equals("HEAD");
    }

    /** The path without a query. */
    public String path() {
        return path;
    }

    public String token() {
        return token;
    }

    /** The places that were changed, such as "header Accept". */
    List<String> places() {
        return List.copyOf(places);
    }

    /** The documented method and path; "other" if they were changed. */
    String route() {
        return documented ? operation.toString() : "other";
    }

    @Override
    public String toString() {
        var target = documented ? operation.toString() : Encoding.printable(method + " " + path, 100);
        return "request " + index + ", " + target + " " + places + ": " + String.join("; ", notes);
    }
}
