package dev.byline.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * A JSON object with the owner's data of a user or post, as text.
 *
 * <p>Limits: {@value #MAX_BYTES} bytes of UTF-8 in the form in which PostgreSQL writes {@code jsonb} (numbers in full,
 * a space after each colon and comma), {@value #MAX_DEPTH} levels, no duplicate name in an object, no U+0000 and no
 * unpaired surrogate. Numbers keep every digit and take at most {@value #MAX_DIGITS} characters.
 */
public final class Metadata {
    /** The most bytes of a value in the form in which PostgreSQL writes {@code jsonb}. */
    public static final int MAX_BYTES = 16 * 1024;

    /** The most levels of objects and arrays, including the outermost. */
    public static final int MAX_DEPTH = 32;

    /** The most characters of a number, written without an exponent. */
    public static final int MAX_DIGITS = 1000;

    /** An empty object. */
    public static final Metadata EMPTY = new Metadata("{}");

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_DIGITS)
                    .build())
            .build();

    private final String json;

    private Metadata(String json) {
        this.json = json;
    }

    /**
     * Parses and checks a JSON object.
     *
     * @param json the text of one JSON object
     * @return the object, without insignificant white space
     * @throws BylineException.Invalid for the field {@code metadata}, when it isn't JSON, isn't an object or exceeds a
     *     limit
     */
    public static Metadata parse(String json) {
        var compact = new StringWriter(json.length());
        try (var parser = JSON.createParser(json);
                var generator = JSON.createGenerator(compact)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw invalid("must be a JSON object");
            }
            copy(parser, generator);
            if (parser.nextToken() != null) {
                throw invalid("must be one JSON object");
            }
        } catch (JsonProcessingException e) {
            throw invalid("must be a JSON object of at most " + MAX_DEPTH + " levels, no name twice in one object");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Metadata(compact.toString());
    }

    /**
     * Wraps a value from the database, unchecked.
     *
     * @param json the text of an object, as PostgreSQL writes it
     */
    public static Metadata stored(String json) {
        return new Metadata(json);
    }

    /**
     * Wraps a value that was stored outside of the database. Checks only that it is JSON.
     *
     * @param json the text of an object, as PostgreSQL writes it
     * @throws IllegalArgumentException when it isn't exactly one JSON object
     */
    public static Metadata kept(String json) {
        if (json.equals(EMPTY.json)) {
            return EMPTY;
        }
        try (var parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT
                    || parser.skipChildren().currentToken() != JsonToken.END_OBJECT
                    || parser.nextToken() != null) {
                throw new IllegalArgumentException("not one JSON object");
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a JSON object", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Metadata(json);
    }

    /** Returns the object as JSON text. */
    public String json() {
        return json;
    }

    /**
     * Returns whether it contains any value other than objects and arrays, at any level: an index can find only such
     * metadata.
     */
    public boolean hasValues() {
        try (var parser = JSON.createParser(json)) {
            for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isScalarValue()) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies the object that the parser has just entered, and checks its size in the form of {@code jsonb}. */
    private static void copy(JsonParser parser, JsonGenerator generator) throws IOException {
        generator.copyCurrentEvent(parser);
        long size = 2;
        for (var depth = 1; depth > 0; ) {
            var token = parser.nextToken();
            if (token == null) {
                throw invalid("must be a JSON object");
            }
            generator.copyCurrentEventExact(parser);
            size += separators(parser, token) + size(parser, token);
            // a request can hold many numbers such as 1e1000
            if (size > MAX_BYTES) {
                throw invalid("must take at most " + MAX_BYTES + " bytes");
            }
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        }
    }

    private static int size(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT, START_ARRAY -> 2;
            case END_OBJECT, END_ARRAY -> 0;
            case FIELD_NAME, VALUE_STRING -> quoted(parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> digits(parser.getText());
            case VALUE_FALSE -> 5;
            default -> 4;
        };
    }

    /**
     * Returns the size of the separators before a token: the comma before an entry that isn't the first, the colon
     * after a name, each with its space.
     */
    private static int separators(JsonParser parser, JsonToken token) {
        if (token.isStructEnd()) {
            return 0;
        }
        var context = parser.getParsingContext();
        var container = token.isStructStart() ? context.getParent() : context;
        var name = token == JsonToken.FIELD_NAME;
        var comma = (name || container.inArray()) && container.getCurrentIndex() > 0;
        return (comma ? 2 : 0) + (name ? 2 : 0);
    }

    private static int quoted(String text) {
        if (!Validation.isText(text)) {
            throw invalid("must not contain U+0000 or an unpaired surrogate");
        }
        var size = 2 + text.getBytes(StandardCharsets.UTF_8).length;
        for (int i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t') {
                size++;
            } else if (c < ' ') {
                size += 5; // written as a Unicode escape
            }
        }
        return size;
    }

    /**
     * Returns the characters of a number in {@code jsonb}, which stores PostgreSQL's numeric and writes it in full:
     * 1e1000 takes 1,001 digits. Many JSON parsers, Byline's too, reject longer numbers; one of them would make every
     * list that contains it unreadable.
     */
    private static int digits(String number) {
        var exponent = number.substring(Math.max(number.indexOf('e'), number.indexOf('E')) + 1);
        if (exponent.length() < number.length()
                && (exponent.length() > 6 || Math.abs(Integer.parseInt(exponent)) > MAX_DIGITS)) {
            throw tooManyDigits();
        }
        var length = new BigDecimal(number).toPlainString().length();
        if (length > MAX_DIGITS) {
            throw tooManyDigits();
        }
        return length;
    }

    private static BylineException.Invalid tooManyDigits() {
        return invalid("must not contain a number that takes more than " + MAX_DIGITS + " characters in full");
    }

    private static BylineException.Invalid invalid(String message) {
        return new BylineException.Invalid("metadata", message);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Metadata that && json.equals(that.json);
    }

    @Override
    public int hashCode() {
        return json.hashCode();
    }

    @Override
    public String toString() {
        return json;
    }
}
