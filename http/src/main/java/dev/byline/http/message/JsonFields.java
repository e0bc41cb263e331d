package dev.byline.http.message;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the members of a JSON object and collects all errors instead of stopping at the first. Members that were not
 * read are unknown: {@link #build} rejects them. For a required member that is missing, or a member of the wrong type,
 * a reading method records the error and returns a placeholder; {@link #build} then throws.
 */
public final class JsonFields {
    private static final int MAX_DEPTH = Metadata.MAX_DEPTH + 3; // in a batch: the object, its array, a post

    /** Bounds the response: a large body could cause an even larger list of errors. */
    private static final int MAX_ERRORS = 100;

    private static final ObjectReader READER = JsonMapper.builder(JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // clients choose the names
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build()
            .reader();

    private final Map<String, JsonNode> unread = new LinkedHashMap<>();
    private final Map<String, String> errors = new LinkedHashMap<>();

    private JsonFields(JsonNode object) {
        object.properties().forEach(member -> unread.put(member.getKey(), member.getValue()));
    }

    /**
     * Parses a JSON object.
     *
     * @param text the JSON text
     * @throws HttpProblem 400, when it isn't a well-formed JSON object within the limits
     */
    public static JsonFields parse(String text) {
        try {
            var node = READER.readTree(text);
            if (!node.isObject()) {
                throw new HttpProblem(Problem.MALFORMED, "the body must be a JSON object");
            }
            return new JsonFields(node);
        } catch (StreamConstraintsException e) {
            throw new HttpProblem(
                    Problem.MALFORMED,
                    "the JSON body exceeds a limit: " + MAX_DEPTH + " levels of nesting, numbers of 1000 digits");
        } catch (JacksonException e) {
            throw malformed(e);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new HttpProblem(Problem.MALFORMED, "the body has a number whose exponent is too large");
        }
    }

    /** Parses a parameter as a JSON object: 400 if it isn't JSON, 422 for another value or one over the limits. */
    public static Metadata object(String name, String text) {
        try {
            if (!READER.readTree(text).isMissingNode()) {
                return Metadata.parse(text);
            }
        } catch (StreamConstraintsException | NumberFormatException | ArithmeticException e) {
            throw new BylineException.Invalid(name, "exceeds the limits of metadata");
        } catch (JacksonException e) {
            // reported below
        }
        throw HttpProblem.malformedParameter(name, "must be a JSON object");
    }

    private static HttpProblem malformed(JacksonException e) {
        var duplicate = e.getOriginalMessage().startsWith("Duplicate field");
        var at = e.getLocation();
        var where = at == null || at.getLineNr() < 1
                ? ""
                : String.format(Locale.ROOT, " at line %d, column %d", at.getLineNr(), at.getColumnNr());
        return new HttpProblem(
                Problem.MALFORMED,
                duplicate ? "duplicate name in a JSON object" + where : "the body is not well-formed JSON" + where);
    }

    private JsonNode take(String name) {
        var node = unread.remove(name);
        return node == null ? MissingNode.getInstance() : node;
    }

    private <T extends @Nullable Object> T fault(String name, String message, T standIn) {
        errors.putIfAbsent(name, message);
        return standIn;
    }

    /** Reads a required string; the placeholder is empty. */
    public String text(String name) {
        var node = take(name);
        if (node.isMissingNode()) {
            return fault(name, "is required", "");
        }
        return node.isTextual() ? node.textValue() : fault(name, "must be a string", "");
    }

    @Nullable
    public String optionalText(String name) {
        return unread.containsKey(name) ? text(name) : null;
    }

    @Nullable
    public Boolean optionalBoolean(String name) {
        var node = take(name);
        if (node.isMissingNode()) {
            return null;
        }
        return node.isBoolean() ? Boolean.valueOf(node.booleanValue()) : fault(name, "must be true or false", null);
    }

    @Nullable
    public Long optionalId(String name) {
        var node = take(name);
        if (node.isMissingNode()) {
            return null;
        }
        return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() > 0
                ? Long.valueOf(node.longValue())
                : fault(name, "must be a positive whole number of at most 9223372036854775807", null);
    }

    /** Reads a required time (RFC 3339); the placeholder is 1970. */
    public Instant time(String name) {
        var time = optionalTime(name);
        return time == null ? fault(name, "is required", Instant.EPOCH) : time;
    }

    @Nullable
    public Instant optionalTime(String name) {
        var node = take(name);
        if (node.isMissingNode()) {
            return null;
        }
        var time = node.isTextual() ? Rfc3339.parse(node.textValue()) : Optional.<Instant>empty();
        return time.isPresent()
                ? time.get()
                : fault(name, "must be a time in RFC 3339 format, such as 2026-01-31T12:00:00Z", null);
    }

    /** Reads the name of an enum constant. */
    public <E extends Enum<E>> @Nullable E optionalEnum(String name, E[] values, Function<E, String> text) {
        var node = take(name);
        if (node.isMissingNode()) {
            return null;
        }
        var names = new ArrayList<String>();
        for (var value : values) {
            names.add(text.apply(value));
            if (node.isTextual() && text.apply(value).equals(node.textValue())) {
                return value;
            }
        }
        return fault(name, "must be " + String.join(" or ", names), null);
    }

    /** Reads an object; empty when absent. */
    public Metadata metadata() {
        var node = take("metadata");
        return node.isMissingNode() ? Metadata.EMPTY : object("metadata", node);
    }

    /** Reads a merge patch: an object is merged, null removes everything; returns null, no change, when absent. */
    @Nullable
    public MetadataChange metadataChange() {
        var node = take("metadata");
        if (node.isMissingNode()) {
            return null;
        }
        return node.isNull() ? new MetadataChange.Clear() : new MetadataChange.Merge(object("metadata", node));
    }

    private Metadata object(String name, JsonNode node) {
        if (!node.isObject()) {
            return fault(name, "must be an object", Metadata.EMPTY);
        }
        try {
            return Metadata.parse(node.toString());
        } catch (BylineException.Invalid e) {
            return fault(name, e.errors().getFirst().message(), Metadata.EMPTY);
        }
    }

    /**
     * Reads an array of strings.
     *
     * @param min the minimum number of items
     * @param max the maximum number of items
     */
    public List<String> texts(String name, int min, int max) {
        var node = take(name);
        if (!node.isArray() || node.size() < min || node.size() > max) {
            return fault(name, "must be an array of " + min + " to " + max + " strings", List.of());
        }
        var texts = new ArrayList<String>();
        for (int i = 0; i < node.size(); i++) {
            var item = node.get(i);
            texts.add(item.isTextual() ? item.textValue() : fault("/" + name + "/" + i, "must be a string", ""));
        }
        return texts;
    }

    /**
     * Reads an array of objects. Errors name the field by a JSON pointer (RFC 6901).
     *
     * @param min the minimum number of items
     * @param max the maximum number of items
     */
    public <T> List<T> list(String name, int min, int max, Function<JsonFields, T> item) {
        var node = take(name);
        if (!node.isArray() || node.size() < min || node.size() > max) {
            return fault(name, "must be an array of " + min + " to " + max + " objects", List.of());
        }
        var items = new ArrayList<T>();
        for (int i = 0; i < node.size(); i++) {
            var pointer = "/" + name + "/" + i;
            if (!node.get(i).isObject()) {
                fault(pointer, "must be an object", "");
                continue;
            }
            try {
                items.add(item.apply(new JsonFields(node.get(i))));
            } catch (BylineException.Invalid e) {
                e.errors().forEach(error -> fault(pointer + "/" + escaped(error.field()), error.message(), ""));
            }
        }
        return items;
    }

    /** Escapes a name for a JSON pointer (RFC 6901). */
    private static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    /**
     * Builds a record from the members read. Reports errors of the JSON and of the record's own checks together.
     *
     * @throws BylineException.Invalid when there is any error
     */
    public <T> T build(Supplier<T> constructor) {
        unread.keySet().forEach(name -> fault(name, "is not a known field", ""));
        T built = null;
        try {
            built = constructor.get();
        } catch (BylineException.Invalid e) {
            var refused = new HashMap<String, String>();
            e.errors().forEach(error -> refused.putIfAbsent(error.field(), error.message()));
            refused.forEach(errors::putIfAbsent);
        }
        if (built == null || !errors.isEmpty()) {
            throw new BylineException.Invalid(errors.entrySet().stream()
                    .limit(MAX_ERRORS)
                    .map(error -> new FieldError(error.getKey(), error.getValue()))
                    .toList());
        }
        return built;
    }
}
