package dev.byline.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.Byline;
import dev.byline.BylineConfig;
import dev.byline.BylineException;
import dev.byline.CoreTest;
import dev.byline.migrations.TestDatabase;
import dev.byline.user.Principal;
import java.time.Duration;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;

class DatabaseTest extends CoreTest {
    private Database open(BylineConfig.Database config) {
        return Database.open(config);
    }

    private BylineConfig.Database config() {
        return BylineConfig.of(database.url()).database();
    }

    @Test
    void aStatementThatTakesTooLongIsUnavailable() {
        var impatient = new BylineConfig.Database(
                config().url(), 1, Duration.ofSeconds(1), Duration.ofMillis(50), Duration.ofMinutes(1));
        try (var db = open(impatient)) {
            assertThatThrownBy(() -> db.read(dsl -> dsl.fetchValue("select pg_sleep(5)::text")))
                    .isInstanceOf(BylineException.Unavailable.class);
            Object one = db.read(dsl -> dsl.fetchValue("select 1"));
            assertThat(one).isEqualTo(1);
        }
    }

    @Test
    void aPoolWithNoConnectionFreeIsUnavailable() {
        var small = new BylineConfig.Database(
                config().url(), 1, Duration.ofMillis(250), Duration.ofMillis(1500), Duration.ofMinutes(1));
        try (var db = open(small)) {
            db.write(dsl -> {
                assertThatThrownBy(() -> db.read(other -> other.fetchValue("select 1")))
                        .isInstanceOf(BylineException.Unavailable.class);
                return dsl.fetchValue("select 1");
            });
        }
    }

    @Test
    void aDatabaseThatIsAwayIsUnavailable() {
        try (var away = Byline.open(BylineConfig.of("postgres://nobody:x@127.0.0.1:1/nothing"))) {
            assertThatThrownBy(() -> away.users().get(new Principal.Operator(), 1))
                    .isInstanceOf(BylineException.Unavailable.class)
                    .hasMessageNotContaining("127.0.0.1");
        }
    }

    @Test
    void aMissingSchemaIsUnavailable() {
        try (var empty = TestDatabase.empty();
                var byline = Byline.open(BylineConfig.of(empty.url()))) {
            assertThatThrownBy(() -> byline.users().get(new Principal.Operator(), 1))
                    .isInstanceOf(BylineException.Unavailable.class);
        }
    }

    @Test
    void whatACallbackThrowsRollsBack() {
        try (var db = open(config())) {
            assertThatThrownBy(() -> db.write(dsl -> {
                        dsl.execute("insert into users (email, name) values ('rolled@back', 'x')");
                        throw new BylineException.Conflict("no");
                    }))
                    .isInstanceOf(BylineException.Conflict.class);
            assertThat(database.value("SELECT count(*) FROM users WHERE email = 'rolled@back'"))
                    .isEqualTo("0");
        }
    }

    @Test
    void aFaultOfOursStaysWhatItIs() {
        try (var db = open(config())) {
            assertThatThrownBy(() -> db.read(dsl -> dsl.select(DSL.field("1/0")).fetch()))
                    .isNotInstanceOf(BylineException.class);
        }
    }

    @Test
    void theCallersPoolStaysOpen() {
        var dataSource = new com.zaxxer.hikari.HikariDataSource();
        try (dataSource) {
            dataSource.setJdbcUrl(config().url().jdbcUrl());
            dataSource.setDataSourceProperties(config().url().credentials());
            Byline.builder().dataSource(dataSource).close();

            assertThat(dataSource.isClosed()).isFalse();
        }
    }

    @Test
    void anotherEncodingIsAFault() {
        assertThat(new ServerFacts(18, "UTF8", 100).faults()).isEmpty();
        assertThat(new ServerFacts(14, "LATIN1", 100).faults()).hasSize(2);
    }
}
