package dev.byline.http.message;

import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.Metadata;
import dev.byline.model.PageRequest;
import dev.byline.model.Validation;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The query parameters of a request. Rejects unknown and repeated names: a mistyped filter must not match all. */
public final class QueryParameters {
    private static final Pattern ID = Pattern.compile("[0-9]{1,19}");

    private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,9}");

    public static final QueryParameters NONE = new QueryParameters(Map.of());

    /** Generated clients repeat a list's parameter instead of joining the values by commas. */
    private static final String REPEATABLE = "ids";

    /** The digits of more ids than allowed: joining without a limit would take quadratic time. */
    private static final int MAX_IDS_LENGTH = 20 * (PageRequest.MAX_LIMIT + 1);

    private final Map<String, String> values;

    private QueryParameters(Map<String, String> values) {
        this.values = values;
    }

    public static QueryParameters parse(@Nullable String query, Set<String> allowed) {
        if (query != null && query.indexOf('\ufffd') >= 0) {
            throw badEncoding(); // Jetty replaces bytes that are not UTF-8 with U+FFFD
        }
        var values = new LinkedHashMap<String, String>();
        for (var pair : query == null ? new String[0] : query.split("&", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            var equals = pair.indexOf('=');
            var name = decode(equals < 0 ? pair : pair.substring(0, equals));
            var value = decode(equals < 0 ? "" : pair.substring(equals + 1));
            if (!allowed.contains(name)) {
                throw unknown(name, allowed);
            }
            var before = values.put(name, value);
            if (before != null && name.equals(REPEATABLE)) {
                if (before.length() > MAX_IDS_LENGTH) {
                    PageRequest.checkIds(before.length());
                }
                values.put(name, before + "," + value);
            } else if (before != null) {
                throw HttpProblem.malformedParameter(name, "must not be repeated");
            }
        }
        return new QueryParameters(values);
    }

    private static HttpProblem unknown(String name, Set<String> allowed) {
        var hint = Spelling.nearest(name, allowed)
                .map(nearest -> "; did you mean \"" + nearest + "\"?")
                .orElse(
                        allowed.isEmpty()
                                ? "; this path takes no query parameters"
                                : "; this path takes " + String.join(", ", new TreeSet<>(allowed)));
        return new HttpProblem(
                Problem.MALFORMED,
                "unknown query parameter \"" + name + "\"" + hint,
                List.of(new FieldError(name, "unknown query parameter" + hint)),
                Map.of());
    }

    /** Returns the query string with another value for one name, which moves to the end. */
    public String with(String name, String value) {
        var query = new StringJoiner("&", "?", "");
        values.forEach((each, text) -> {
            if (!each.equals(name)) {
                query.add(each + "=" + URLEncoder.encode(text, StandardCharsets.UTF_8));
            }
        });
        return query.add(name + "=" + value).toString();
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /** Returns text that PostgreSQL can store: no U+0000. */
    public Optional<String> plainText(String name) {
        return text(name).filter(text -> {
            if (Validation.isText(text)) {
                return true;
            }
            throw HttpProblem.malformedParameter(name, "must not contain U+0000");
        });
    }

    /** Returns the JSON object that the metadata must contain. */
    public Optional<Metadata> metadata() {
        return plainText("metadata").map(text -> JsonFields.object("metadata", text));
    }

    public Optional<Boolean> bool(String name) {
        return text(name).map(text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw HttpProblem.malformedParameter(name, "must be true or false");
        });
    }

    public Optional<Long> id(String name) {
        return text(name).map(text -> id(name, text));
    }

    /** Returns the distinct ids, in the given order. */
    public Set<Long> ids() {
        var ids = new LinkedHashSet<Long>();
        for (var text : text("ids").orElse("").split(",", -1)) {
            ids.add(id("ids", text));
            PageRequest.checkIds(ids.size());
        }
        return ids;
    }

    /** Rejects parameters that cannot be combined with the given one. */
    public void forbidBeside(String name, String... others) {
        for (var other : others) {
            if (has(other)) {
                throw HttpProblem.malformedParameter(other, "cannot be combined with \"" + name + "\"");
            }
        }
    }

    public PageRequest page() {
        return new PageRequest(limit(), values.get("cursor"));
    }

    private int limit() {
        var text = text("limit").orElse(String.valueOf(PageRequest.DEFAULT_LIMIT));
        if (NUMBER.matcher(text).matches()) {
            return Integer.parseInt(text);
        }
        if (isWholeNumber(text)) {
            throw new BylineException.Invalid("limit", "must be 1 to " + PageRequest.MAX_LIMIT);
        }
        throw HttpProblem.malformedParameter("limit", "must be a whole number");
    }

    private static boolean isWholeNumber(String text) {
        var digits = text.startsWith("-") ? 1 : 0;
        return text.length() > digits && text.chars().skip(digits).allMatch(c -> c >= '0' && c <= '9');
    }

    /** Percent-decodes strictly: rejects invalid escapes and invalid UTF-8, unlike {@link java.net.URLDecoder}. */
    private static String decode(String text) {
        if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
            return text;
        }
        var encoded = text.replace('+', ' ').getBytes(StandardCharsets.UTF_8);
        var decoded = ByteBuffer.allocate(encoded.length);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] != '%') {
                decoded.put(encoded[i]);
                continue;
            }
            var high = i + 2 < encoded.length ? Character.digit(encoded[i + 1], 16) : -1;
            var low = i + 2 < encoded.length ? Character.digit(encoded[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                throw badEncoding();
            }
            decoded.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(decoded.flip()).toString();
        } catch (CharacterCodingException e) {
            throw badEncoding();
        }
    }

    private static HttpProblem badEncoding() {
        return new HttpProblem(Problem.MALFORMED, "the query string is not valid percent-encoded UTF-8");
    }

    /** Parses an id, of a parameter or of the path. */
    public static long id(String name, String text) {
        try {
            if (ID.matcher(text).matches() && Long.parseLong(text) > 0) {
                return Long.parseLong(text);
            }
        } catch (NumberFormatException e) {
            // larger than a long
        }
        throw HttpProblem.malformedParameter(name, "must be a positive whole number");
    }
}
