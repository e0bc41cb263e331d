package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.OpenApi.Operation;
import dev.byline.bench.harness.HttpConnection;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as it is sent.
 *
 * @param index in the sequence of requests
 * @param operation whose documented statuses apply; null if the document has no such method and path
 * @param places that were changed, such as "header Accept"; empty for a valid request
 * @param note the changes, for people
 * @param bytes each character is a byte
 * @param path without a query
 * @param token of a user; empty for none or an invented one
 * @param malformed whether it is invalid HTTP: a server may close the connection without a response
 * @param hashesPassword whether the server may hash a password for it
 */
public record FuzzRequest(
        long index,
        @Nullable Operation operation,
        List<String> places,
        String note,
        String bytes,
        String path,
        String token,
        boolean malformed,
        boolean hashesPassword) {

    /** A valid request outside the sequence; token and body may be empty. */
    public static FuzzRequest of(String method, String path, String token, String body) {
        var authorization = token.isEmpty() ? new String[0] : new String[] {"Authorization: Bearer " + token};
        var bytes = HttpConnection.request(method, path, body, authorization);
        return new FuzzRequest(
                -1,
                null,
                List.of(),
                method + " " + path,
                new String(bytes, StandardCharsets.ISO_8859_1),
                path,
                token,
                false,
                body.contains("password"));
    }

    byte[] toBytes() {
        return bytes.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Responses to HEAD have no body, even errors. */
    boolean isHead() {
        return bytes.startsWith("HEAD ");
    }

    String method() {
        return bytes.substring(0, Math.max(0, bytes.indexOf(' ')));
    }

    /** The operation's method and path; "other" if the document has none. */
    String route() {
        return operation == null ? "other" : operation.toString();
    }

    @Override
    public String toString() {
        return "request " + index + ", " + route() + " " + places
                + (note.isEmpty() ? "" : ": " + Encoding.printable(note, 200));
    }
}
