package dev.byline.bench.fuzz;

import dev.byline.bench.fuzz.Contract.Operation;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as it goes over the wire.
 *
 * @param index in the sequence of requests
 * @param operation that it is for, whose documented statuses hold; null when method or path are none of the document's
 * @param places that were changed, such as "header Accept"; empty for a valid request
 * @param note what stands there
 * @param bytes each character one
 * @param path without a query
 * @param token it is sent with, empty for none or one that was made up
 * @param loose whether it is broken HTTP, at which a server may close the connection without an answer
 * @param hashes whether a password may be hashed for it
 */
public record Request(
        long index,
        @Nullable Operation operation,
        List<String> places,
        String note,
        String bytes,
        String path,
        String token,
        boolean loose,
        boolean hashes) {

    /** A valid one, without an index; token and body may be empty. */
    public static Request of(String method, String path, String token, String body) {
        var text = method + " " + path + " HTTP/1.1\r\nHost: x\r\n"
                + (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n")
                + (body.isEmpty() ? "" : "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n")
                + "\r\n" + body;
        return new Request(
                -1, null, List.of(), method + " " + path, text, path, token, false, body.contains("password"));
    }

    byte[] toBytes() {
        return bytes.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** HEAD is answered without content, whatever is wrong. */
    boolean isHead() {
        return bytes.startsWith("HEAD ");
    }

    String method() {
        return bytes.substring(0, Math.max(0, bytes.indexOf(' ')));
    }

    /** The operation's method and path; "other" where the document has none. */
    String route() {
        return operation == null ? "other" : operation.toString();
    }

    @Override
    public String toString() {
        return "request " + index + ", " + route() + " " + places
                + (note.isEmpty() ? "" : ": " + Bytes.show(note, 200));
    }
}
