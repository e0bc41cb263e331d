package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.byline.model.DatabaseUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerConfigTest {
    @Test
    void theUrlOfAWildcardAddressHasTheLoopbackAddress() {
        assertThat(ServerConfig.parse(Map.of("BYLINE_HOST", "0.0.0.0"))
                        .api(8000)
                        .url())
                .isEqualTo("http://127.0.0.1:8000");
        assertThat(ServerConfig.parse(Map.of("BYLINE_HOST", "::")).management().url())
                .isEqualTo("http://[::1]:9000");
    }

    @Test
    void theUrlOfAnIpv6AddressHasBrackets() {
        assertThat(ServerConfig.parse(Map.of("BYLINE_HOST", "fe80::1")).api(80).url())
                .isEqualTo("http://[fe80::1]:80");
    }

    @Test
    void unsetSettingsHaveTheirDefaults() {
        var config = ServerConfig.parse(Map.of("HOME", "/x", "PATH", "/y"));

        assertThat(config.http().port()).isEqualTo(8000);
        assertThat(config.http().host()).isEqualTo("127.0.0.1");
        assertThat(config.database().url()).isNull();
        assertThat(config.database().migrate()).isTrue();
        assertThat(config.database().plan().poolSize())
                .isEqualTo(Runtime.getRuntime().availableProcessors() * 2 + 1);
        assertThat(config.drainDelay()).isZero();
    }

    @Test
    void thePoolSizeIsTheReplicasShareOfTheFormula() {
        assertThat(ServerConfig.parse(Map.of(
                                "BYLINE_DATABASE_CORES", "8",
                                "BYLINE_DATABASE_SPINDLES", "2",
                                "BYLINE_REPLICAS", "3"))
                        .database()
                        .plan()
                        .poolSize())
                .isEqualTo(6);
    }

    @Test
    void theSettingOfThePoolSizeOverridesTheFormula() {
        assertThat(ServerConfig.parse(Map.of("BYLINE_POOL_SIZE", "7", "BYLINE_REPLICAS", "3"))
                        .database()
                        .plan()
                        .poolSize())
                .isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({
        "PORT, x",
        "PORT, 65536",
        "PORT, -1",
        "BYLINE_HOST, no such host",
        "DATABASE_URL, mysql://x",
        "BYLINE_READ_URL, mysql://x",
        "BYLINE_READ_URL, jdbc:postgresql:byline",
        "BYLINE_READ_URL, 'postgres://a:b@one,one/c'",
        "BYLINE_READ_POOL_SIZE, 0",
        "BYLINE_READ_LAG, 400ms",
        "BYLINE_READ_ONLY, 2d",
        "BYLINE_MIGRATE, yes",
        "BYLINE_POOL_SIZE, 0",
        "BYLINE_REPLICAS, 0",
        "BYLINE_DRAIN_DELAY, 5",
        "BYLINE_DRAIN_DELAY, 1h",
        "BYLINE_DRAIN_DELAY, 99999999999s",
        "BYLINE_LOG, xml",
        "BYLINE_SIGNUP, yes",
        "BYLINE_TOKEN_TTL, 0s",
        "BYLINE_RATE_LIMIT, -1",
        "BYLINE_TRUSTED_PROXIES, 10.0.0.0/33",
        "BYLINE_TRUSTED_PROXIES, example.com",
        "BYLINE_CORS_ORIGINS, *"
    })
    void anInvalidValueIsReportedWithTheName(String name, String value) {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of(name, value)))
                .isInstanceOf(UsageException.class)
                .hasMessageStartingWith(name + " ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*|has a *, which is not supported: list the origins",
                "https://a.example,*|has a *, which is not supported: list the origins",
                "https://*.example|has a *, which is not supported: list the origins",
                "https://a.example/|has \"https://a.example/\": an origin has no path, remove the trailing slash",
                "https://a.example/x|has \"https://a.example/x\": an origin has no path, write https://a.example",
                "a.example|has \"a.example\", which is not an origin",
                "https://|has \"https://\", which is not an origin"
            })
    void aWrongOriginIsReportedWithItsFault(String value, String fault) {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_CORS_ORIGINS", value)))
                .isInstanceOf(UsageException.class)
                .hasMessageStartingWith("BYLINE_CORS_ORIGINS ")
                .hasMessageContaining(fault)
                .hasMessageContaining("https://");
    }

    @Test
    void theAdminHasTheEmailOfTheSettings() {
        var admin = ServerConfig.parse(Map.of(
                        "BYLINE_ADMIN_EMAIL", "root@example.com", "BYLINE_ADMIN_PASSWORD", "correct horse battery"))
                .admin();
        assertThat(Objects.requireNonNull(admin).email()).isEqualTo("root@example.com");
    }

    @Test
    void anAdminNeedsBothSettings() {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_ADMIN_EMAIL", "root@example.com")))
                .hasMessageContaining("must be set together");
    }

    @Test
    void aWeakAdminPasswordIsRefusedButNotRepeated() {
        assertThatThrownBy(() -> ServerConfig.parse(
                        Map.of("BYLINE_ADMIN_EMAIL", "root@example.com", "BYLINE_ADMIN_PASSWORD", "canary")))
                .hasMessageContaining("BYLINE_ADMIN_PASSWORD must have 12 to 128 characters")
                .hasMessageNotContaining("canary");
    }

    @Test
    void pgBouncerNeedsADatabaseUrl() {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_PGBOUNCER", "true")))
                .hasMessageContaining("needs DATABASE_URL");
    }

    @Test
    void replicasNeedADatabaseUrl() {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_READ_URL", "postgres://a:b@replica/c")))
                .hasMessageContaining("BYLINE_READ_URL needs DATABASE_URL");
    }

    @Test
    void eachHostOfTheReadUrlIsAReplica() {
        var config = ServerConfig.parse(Map.of(
                "DATABASE_URL", "postgres://a:b@primary/c",
                "BYLINE_READ_URL", "postgres://a:b@one,two:5433,[::1]/c?sslmode=require",
                "BYLINE_POOL_SIZE", "7"));
        assertThat(config.replicas().poolSize()).isEqualTo(7);
        var hosts = Objects.requireNonNull(config.replicas().url()).hosts();
        assertThat(hosts).containsOnlyKeys("one:5432", "two:5433", "[::1]:5432");
        assertThat(hosts.values())
                .map(DatabaseUrl::jdbcUrl)
                .containsExactly(
                        "jdbc:postgresql://one/c?sslmode=require",
                        "jdbc:postgresql://two:5433/c?sslmode=require",
                        "jdbc:postgresql://[::1]/c?sslmode=require");
    }

    @Test
    void migrationsCannotRunThroughPgBouncer() {
        var bouncer = Map.of("BYLINE_PGBOUNCER", "true", "DATABASE_URL", "postgres://a:b@bouncer:6432/c");
        assertThatThrownBy(() -> ServerConfig.parse(bouncer)).hasMessageContaining("needs BYLINE_MIGRATE_URL");
    }

    @Test
    void pgBouncerIsAcceptedIfMigrationsRunElsewhereOrAreOff() {
        var bouncer = Map.of("BYLINE_PGBOUNCER", "true", "DATABASE_URL", "postgres://a:b@bouncer:6432/c");
        for (var extra : List.of(
                Map.of("BYLINE_MIGRATE", "off"), Map.of("BYLINE_MIGRATE_URL", "postgres://a:b@database:5432/c"))) {
            var environment = new HashMap<>(bouncer);
            environment.putAll(extra);
            assertThat(ServerConfig.parse(environment).database().pgBouncer()).isTrue();
        }
    }

    @Test
    void theManagementPortDiffersFromThePort() {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("PORT", "9000"))).hasMessageContaining("must differ");
    }

    @Test
    void bothPortsCanBeAnyFreePort() {
        assertThat(ServerConfig.parse(Map.of("PORT", "0", "BYLINE_MANAGEMENT_PORT", "0"))
                        .management()
                        .port())
                .isZero();
    }

    @Test
    void allFaultsAreReportedAtOnce() {
        var error = catchThrowableOfType(
                UsageException.class,
                () -> ServerConfig.parse(Map.of("PORT", "x", "BYLINE_POOL_SIZE", "x", "BYLINE_POOLSIZE", "3")));

        assertThat(Objects.requireNonNull(error).faults()).hasSize(3);
    }

    @Test
    void anUnknownNameIsReportedWithASuggestion() {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_POOLSIZE", "3")))
                .hasMessageContaining("did you mean BYLINE_POOL_SIZE?");
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_PORT", "8399")))
                .hasMessageContaining("BYLINE_PORT is an unknown setting; did you mean PORT?");
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("BYLINE_DATABASE_URL", "postgres://x/y")))
                .hasMessageContaining("did you mean DATABASE_URL?");
    }

    @Test
    void variablesThatKubernetesInjectsForAServiceCalledBylineAreIgnored() {
        ServerConfig.parse(Map.of(
                "BYLINE_SERVICE_HOST", "10.0.0.1",
                "BYLINE_SERVICE_PORT_HTTP", "80",
                "BYLINE_PORT", "tcp://10.0.0.1:80",
                "BYLINE_PORT_80_TCP_ADDR", "10.0.0.1"));
    }

    @Test
    void aSecretCanBeReadFromAFile(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("url"), "postgres://ada:secret@db/blog\n");

        var config = ServerConfig.parse(Map.of("DATABASE_URL_FILE", file.toString()));

        assertThat(Objects.requireNonNull(config.database().url()).jdbcUrl()).isEqualTo("jdbc:postgresql://db/blog");
    }

    @Test
    void aSecretWithBothValueAndFileIsReported() {
        assertThatThrownBy(() ->
                        ServerConfig.parse(Map.of("DATABASE_URL_FILE", "/secret", "DATABASE_URL", "postgres://x/y")))
                .hasMessageContaining("DATABASE_URL and DATABASE_URL_FILE are both set");
    }

    @Test
    void anEmptyFileOfASecretIsReported(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("url"), "\n");
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("DATABASE_URL_FILE", file.toString())))
                .hasMessageContaining("is empty");
    }

    @Test
    void aMissingFileOfASecretIsReported(@TempDir Path folder) {
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("DATABASE_URL_FILE", folder + "/missing")))
                .hasMessage("DATABASE_URL_FILE cannot be read: no such file: " + folder + "/missing");
    }

    @Test
    void aFileOfASecretThatIsNoTextIsReportedButNotRepeated(@TempDir Path folder) throws IOException {
        var file = Files.write(folder.resolve("url"), new byte[] {'c', 'a', 'n', 'a', 'r', 'y', (byte) 0xff});
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("DATABASE_URL_FILE", file.toString())))
                .hasMessage("DATABASE_URL_FILE cannot be read: " + file + " is not UTF-8 text");
        assertThatThrownBy(() -> ServerConfig.parse(Map.of("DATABASE_URL_FILE", folder.toString())))
                .hasMessage("DATABASE_URL_FILE cannot be read: " + folder + " is a folder, not a file");
    }

    @ParameterizedTest
    @CsvSource({"500ms, PT0.5S", "5s, PT5S", "2m, PT2M", "1h, PT1H", "30d, P30D", "0s, PT0S"})
    void aDurationIsParsedWithItsUnit(String text, Duration duration) {
        assertThat(Settings.duration(text, Duration.ofDays(365))).isEqualTo(duration);
    }

    @Test
    void theDocumentationListsEverySettingWithItsDefault() throws IOException {
        var rows = new TreeMap<String, String>();
        var row = Pattern.compile("^\\| `([A-Z0-9_]+)` \\|.*\\| (`([^`]*)`|[^|`]*) \\|$", Pattern.MULTILINE)
                .matcher(Files.readString(Path.of("../docs/configuration.md")));
        while (row.find()) {
            rows.put(row.group(1), Objects.requireNonNullElse(row.group(3), ""));
        }
        var settings = new HashMap<String, String>();
        Settings.ALL.forEach(setting -> settings.put(setting.name(), setting.defaultText()));
        assertThat(rows).isEqualTo(settings);
    }

    /** The page says more than {@code byline config --help}, but begins with the same words. */
    @Test
    void theDocumentationOfASettingBeginsWithItsPurpose() throws IOException {
        var page = Files.readString(Path.of("../docs/configuration.md"))
                .replace("`", "")
                .replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1");
        for (var setting : Settings.ALL) {
            assertThat(page).contains("\n| " + setting + " | " + setting.purpose());
        }
    }
}
