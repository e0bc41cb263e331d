package dev.byline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataTest {
    @Test
    void numbersKeepEveryDigitAndWhiteSpaceIsDropped() {
        assertThat(Metadata.parse("""
                { "a" : 1.10, "b":[ 12345678901234567890123, -0.0 ] }""").json()).isEqualTo("""
                {"a":1.10,"b":[12345678901234567890123,0.0]}""");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    ``
                    []
                    null
                    1
                    {
                    {}{}
                    {} x
                    {"a":1,"a":2}
                    {"a":{"b":1,"b":2}}
                    {"a":NaN}
                    {"a":"\\u0000"}
                    {"\\u0000":1}
                    {"a":"\\ud800"}
                    {"a":1e999999999}
                    {"a":1e20000}
                    {"a":1e1000}
                    {"a":1e-999}
                    {"a":1e-20000}
                    {"a":'b'}
                    """)
    void invalidMetadataIsRefused(String json) {
        assertThatThrownBy(() -> Metadata.parse(json))
                .isInstanceOfSatisfying(
                        BylineException.Invalid.class,
                        e -> assertThat(e.errors())
                                .extracting(FieldError::field)
                                .containsExactly("metadata"));
    }

    @Test
    void theNumberOfLevelsIsLimited() {
        var depth = Metadata.MAX_DEPTH - 1;
        assertThat(Metadata.parse(nested(depth)).json()).isNotEmpty();
        assertThatThrownBy(() -> Metadata.parse(nested(depth + 1))).isInstanceOf(BylineException.Invalid.class);
    }

    private static String nested(int depth) {
        return """
                {"a":%s}""".formatted("[".repeat(depth) + "]".repeat(depth));
    }

    /** The limit is of the bytes that PostgreSQL stores: the largest accepted metadata has exactly that size. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {"a":"%s"}
                    {"a":"","b":[1,2,{"c":true,"d":false,"e":null},[],{}],"f":{"g":[[1],[2,3]]},"z":"%s"}
                    {"a":"é\\n\\t\\"\\\\/\\u0001\\ud83d\\ude00%s"}
                    {"a":"","n":[1e10,1.5e-7,-0,1.0e1,1E+3,100.00],"z":"%s"}
                    """)
    void theSizeIsThatOfTheStoredValue(String shape) {
        try (var database = TestDatabase.migrated()) {
            var fill = 0;
            while (accepts(shape, fill)) {
                fill += 1024;
            }
            while (!accepts(shape, fill)) {
                fill--;
            }
            var largest = json(shape, fill).replace("'", "''");
            assertThat(database.value("SELECT octet_length('" + largest + "'::jsonb::text)"))
                    .isEqualTo(Integer.toString(Metadata.MAX_BYTES));
        }
    }

    private static boolean accepts(String shape, int fill) {
        try {
            return !Metadata.parse(json(shape, fill)).json().isEmpty();
        } catch (BylineException.Invalid e) {
            return false;
        }
    }

    private static String json(String shape, int fill) {
        return shape.formatted("x".repeat(fill));
    }
}
