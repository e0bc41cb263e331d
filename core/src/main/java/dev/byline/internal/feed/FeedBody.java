package dev.byline.internal.feed;

import dev.byline.internal.feed.FetchResult.Validators;
import dev.byline.model.ImportFailure;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.jspecify.annotations.Nullable;

/** Reads a document from a response, within limits. */
final class FeedBody {
    /** The maximum size of an uncompressed document in bytes. */
    static final int MAX_BYTES = 5 * 1024 * 1024;

    // maximum lengths of headers
    private static final int MAX_TYPE = 500;

    private static final int MAX_CODING = 50;
    private static final int MAX_VALIDATOR = 1000;

    private FeedBody() {}

    static FetchResult.Document read(ClassicHttpResponse response, FeedUrl from) throws IOException, FeedException {
        var header = header(response, "Content-Type");
        var type = header == null || header.length() > MAX_TYPE ? null : ContentType.parseLenient(header);
        var name = type == null ? "" : String.valueOf(type.getMimeType()).toLowerCase(Locale.ROOT);
        var kind = FeedType.of(name)
                .orElseThrow(
                        () -> new FeedException(ImportFailure.WRONG_TYPE, "the Content-Type is neither JSON nor XML"));
        var gzipped = isGzipped(response);
        var entity = response.getEntity();
        if (entity == null) {
            throw new FeedException(ImportFailure.MALFORMED, "the response has no body");
        }
        if (entity.getContentLength() > MAX_BYTES) {
            throw tooLarge();
        }
        var validators = new Validators(validator(response, "ETag"), validator(response, "Last-Modified"));
        var charset = type == null ? null : type.getParameter("charset");
        return new FetchResult.Document(from, kind, charset, bytes(entity.getContent(), gzipped), validators);
    }

    private static boolean isGzipped(ClassicHttpResponse response) throws FeedException {
        var codings = response.getHeaders("Content-Encoding");
        var coding = codings.length == 0 ? "identity" : String.valueOf(codings[0].getValue());
        var known = codings.length < 2 && coding.length() <= MAX_CODING;
        return switch (known ? coding.strip().toLowerCase(Locale.ROOT) : "several") {
            case "identity", "" -> false;
            case "gzip", "x-gzip" -> true;
            default -> throw new FeedException(ImportFailure.WRONG_TYPE, "the Content-Encoding is not gzip");
        };
    }

    private static byte[] bytes(InputStream content, boolean gzipped) throws IOException, FeedException {
        try {
            var in = gzipped ? new GZIPInputStream(content, 8192) : content;
            var bytes = new ByteArrayOutputStream();
            var buffer = new byte[8192];
            for (var n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (bytes.size() + n > MAX_BYTES) {
                    throw tooLarge();
                }
                bytes.write(buffer, 0, n);
            }
            return bytes.toByteArray();
        } catch (ZipException | EOFException e) {
            throw new FeedException(ImportFailure.MALFORMED, "the gzip data is invalid", e);
        } catch (StackOverflowError e) { // GZIPInputStream recurses for each empty member
            throw new FeedException(ImportFailure.MALFORMED, "the gzip data is invalid", e);
        }
    }

    private static FeedException tooLarge() {
        return new FeedException(ImportFailure.TOO_LARGE, "the feed has more than " + MAX_BYTES + " bytes");
    }

    private static @Nullable String header(ClassicHttpResponse response, String name) {
        var header = response.getFirstHeader(name);
        return header == null ? null : header.getValue();
    }

    /** Returns null for a value that can't be stored: the next request is then unconditional. */
    private static @Nullable String validator(ClassicHttpResponse response, String name) {
        var value = header(response, name);
        var valid = value != null
                && !value.isEmpty()
                && value.length() <= MAX_VALIDATOR
                && value.chars().allMatch(c -> c >= ' ' && c <= '~');
        return valid ? value : null;
    }
}
