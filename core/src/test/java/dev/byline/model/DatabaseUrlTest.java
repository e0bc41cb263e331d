package dev.byline.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {
    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
                    postgres://ada:secret@db:6543/blog,                        jdbc:postgresql://db:6543/blog, ada, secret
                    postgresql://ada:secret@db/blog?sslmode=require,           jdbc:postgresql://db/blog?sslmode=require, ada, secret
                    postgres://ada@db,                                         jdbc:postgresql://db/ada, ada, -
                    postgres://a%40b:p%3A%2F%3F%23%40+@db/blog,                jdbc:postgresql://db/blog, a@b, p:/?#@+
                    postgres://ada:p@ss@db/blog,                               jdbc:postgresql://db/blog, ada, p@ss
                    postgres://ada:secret@[::1]:5432/blog,                     jdbc:postgresql://[::1]:5432/blog, ada, secret
                    jdbc:postgresql://db:6543/blog?user=ada&password=s%26t&ssl=true, jdbc:postgresql://db:6543/blog?ssl=true, ada, s&t
                    jdbc:postgresql:blog,                                      jdbc:postgresql:blog, -, -
                    """)
    void aUrlIsParsedIntoJdbcUrlAndCredentials(String url, String jdbcUrl, String user, String password) {
        var parsed = DatabaseUrl.parse(url);

        assertThat(parsed.jdbcUrl()).isEqualTo(jdbcUrl);
        assertThat(parsed.credentials().getProperty("user")).isEqualTo(user);
        assertThat(parsed.credentials().getProperty("password")).isEqualTo(password);
        if (password != null) {
            assertThat(parsed.toString()).doesNotContain(password);
        }
    }

    @Test
    void toStringMasksOtherPasswords() {
        assertThat(DatabaseUrl.parse("postgres://ada@db/blog?sslmode=require&sslpassword=secret&sslkey=/k")
                        .toString())
                .contains("sslpassword=****", "sslmode=require", "sslkey=/k")
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "db",
                "mysql://ada:secret@db/blog",
                "postgres:/ada:secret@db",
                "postgres://ada:secret@db:x/blog",
                "postgres://ada:%zzsecret@db/blog",
                "jdbc:postgresql://ada:secret@db/blog"
            })
    void theMessageForAnInvalidUrlShowsNoSecret(String url) {
        assertThatThrownBy(() -> DatabaseUrl.parse(url))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
    }
}
