package dev.byline.bench.hosts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A host that is killed by signal 9 before its commit leaves nothing behind. */
class KilledHostTest {
    private static final int KILLS = Integer.getInteger("kills", 20);
    private static final Principal NOBODY = new Principal.Anonymous();

    /** The host: creates a user, a post and a row in one transaction, says so, and waits to be killed. */
    static final class Victim {
        private Victim() {}

        /** Takes the URL of the database and the kind of host. */
        public static void main(String... arguments) throws Exception {
            var database = new PGSimpleDataSource();
            database.setUrl(arguments[0]);
            try (var host = HostTransactionsTest.Kind.valueOf(arguments[1]).open(database);
                    var byline = Byline.builder().dataSource(host.forByline())) {
                host.inTransaction(connection -> {
                    var tx = byline.in(connection);
                    var user = tx.users().create(NOBODY, new NewUser("victim@example.com", "Victim", Metadata.EMPTY));
                    var author = new Principal.Member(user.id(), Role.USER);
                    var post = new NewPost("Victim", "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
                    var unused = tx.posts().create(author, post);
                    try (var statement = connection.createStatement()) {
                        statement.executeUpdate("INSERT INTO host_rows VALUES (1)");
                    }
                    System.out.println("ready");
                    waitToBeKilled();
                });
            }
        }

        private static void waitToBeKilled() {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingOfTheTransactionRemains(HostTransactionsTest.Kind kind) throws Exception {
        try (var database = TestDatabase.migrated()) {
            database.run("CREATE TABLE public.host_rows (id bigint PRIMARY KEY)");
            for (int i = 0; i < KILLS; i++) {
                kill(start((PGSimpleDataSource) database.dataSource(), kind));
                while (!database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                        .equals("1")) {
                    Thread.sleep(5); // PostgreSQL notices the end of the connections
                }
                for (var table : new String[] {"users", "posts", "host_rows"}) {
                    assertThat(database.value("SELECT count(*) FROM " + table)).isEqualTo("0");
                }
            }
        }
    }

    private static Process start(PGSimpleDataSource database, HostTransactionsTest.Kind kind) throws IOException {
        var url = database.getUrl() + "&user=" + database.getUser() + "&password=" + database.getPassword();
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        url.contains("?") ? url : url.replaceFirst("&", "?"),
                        kind.name())
                .redirectError(Redirect.DISCARD)
                .start();
    }

    private static void kill(Process victim) throws Exception {
        try (var lines = victim.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.lines().anyMatch("ready"::equals)).isTrue();
        } finally {
            victim.destroyForcibly().waitFor();
        }
    }
}
