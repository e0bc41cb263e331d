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
 * A JSON object that users and posts carry for their owners, as text.
 *
 * <p>Limits: {@value #MAX_BYTES} bytes of UTF-8 in the form in which PostgreSQL writes {@code jsonb} (numbers in full, a
 * space after each colon and comma), {@value #MAX_DEPTH} levels, no name twice in one object, no U+0000 and no unpaired
 * surrogate. Numbers keep every digit and take at most {@value #MAX_DIGITS} characters.
 */
public final class Metadata {
    /** The most bytes that a value may take in the database's own text form. */
    public static final int MAX_BYTES = 16 * 1024;

    /** The most levels of objects and arrays, the outermost counted. */
    public static final int MAX_DEPTH = 32;

    /** The most characters of a number, written without an exponent. */
    public static final int MAX_DIGITS = 1000;

    /** An object without members. */
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
     * Checks a JSON object.
     *
     * @param json the text of one JSON object
     * @return the object, without insignificant white space
     * @throws BylineException.Invalid blaming the field {@code metadata}, when it isn't JSON, isn't an object or breaks a
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
     * Wraps what the database returned, unchecked.
     *
     * @param json the text of an object, as the database writes it
     */
    public static Metadata stored(String json) {
        return new Metadata(json);
    }

    /**
     * Wraps what was kept outside of the database, in which only JSON can be.
     *
     * @param json the text of an object, as the database writes it
     * @throws IllegalArgumentException when it is not one whole JSON object
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
     * Whether there is any value in it but objects and arrays, on any level: only such a one can be found by an index.
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

    /** Copies the object that was just opened, as long as jsonb's text form of it isn't too large. */
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
            if (size > MAX_BYTES) {
                throw invalid("must take at most " + MAX_BYTES + " bytes"); // of numbers such as 1e1000 many fit a body
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

    /** The comma before an entry that isn't its container's first, the colon after a name; each with its space. */
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
     * jsonb keeps numbers as PostgreSQL's numeric and writes them in full: 1e1000 takes 1,001 digits. Those that many JSON
     * readers refuse, ours among them, would spoil every list that they stand in.
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
