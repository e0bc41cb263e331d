package dev.byline.bench.hosts;

import static dev.byline.model.PostStatus.DRAFT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.Assert;

/** The Spring example of docs/embedding.md, run as it stands there, and where its other examples come from. */
class ExamplesTest {
    private record Orders(DataSource dataSource, Byline byline) {
        // docs: Spring
        /** Call it inside a Spring transaction. */
        long order(Principal buyer) {
            Assert.state(TransactionSynchronizationManager.isActualTransactionActive(), "no transaction");
            var tx = byline.in(DataSourceUtils.getConnection(dataSource)); // the connection of the transaction
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void afterCompletion(int status) {
                    switch (status) {
                        case STATUS_COMMITTED -> tx.committed();
                        case STATUS_UNKNOWN -> tx.unknown();
                        default -> {} // rolled back
                    }
                }
            });
            var post = tx.posts().create(buyer, new NewPost("Order 7", "", Metadata.EMPTY, DRAFT, null, null));
            JdbcClient.create(dataSource)
                    .sql("INSERT INTO orders VALUES (?, ?)")
                    .params(List.of(7, post.id()))
                    .update();
            return post.id();
        }
        // end
    }

    @Test
    void theSpringExampleRuns() {
        try (var database = TestDatabase.migrated();
                var host = (Host.Spring) Host.Spring.open(database.dataSource());
                var byline = Byline.builder().dataSource(host.forByline())) {
            database.run("CREATE TABLE public.orders (id bigint PRIMARY KEY, post bigint NOT NULL REFERENCES posts)");
            var ada = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
            var buyer = new Principal.Member(ada.id(), Role.USER);
            var orders = new Orders(host.pool(), byline);
            var post = host.transactions().execute(status -> orders.order(buyer));

            assertThat(database.value("SELECT post FROM orders")).isEqualTo("" + post);
            assertThat(byline.posts().get(buyer, Long.parseLong("" + post)).title())
                    .isEqualTo("Order 7");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bench/hosts/src/test/java/dev/byline/bench/hosts/ExamplesTest.java",
                "release/applications/quarkus/src/main/java/com/example/App.java",
                "release/applications/kotlin/src/main/kotlin/App.kt",
                "release/applications/spring-boot/src/boot-4/com/example/HostMigrations.java"
            })
    void theGuideShowsTheExampleAsItIsInAProgramThatRuns(String file) throws IOException {
        var source = Files.readString(Path.of("../..", file));
        var example = Pattern.compile("(?s)// docs: \\w+\n(.*?)\n *// end\n").matcher(source);

        assertThat(example.find()).isTrue();
        assertThat(Files.readString(Path.of("../../docs/embedding.md")))
                .contains(example.group(1).stripIndent());
    }
}
