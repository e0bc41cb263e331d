package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.Migrations;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The README's embedding example, run as it stands there. */
class EmbeddingTest {
    private static String hello(DataSource dataSource) {
        // README: embedding
        Migrations.apply(dataSource); // artifact dev.byline:byline-migrations; or apply its SQL with a tool of yours
        try (var byline = Byline.builder().dataSource(dataSource)) {
            var ada = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
            var me = new Principal.Member(ada.id(), Role.USER); // your own authentication says who calls
            byline.posts()
                    .create(me, new NewPost("Hello", "First post.", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
            var page = byline.posts().feed(new Principal.Anonymous(), PostFilter.NONE, PageRequest.first(20));
            return page.items().getFirst().title();
        }
        // end
    }

    @Test
    void theReadmesExampleRuns() {
        try (var database = TestDatabase.empty()) {
            assertThat(hello(database.dataSource())).isEqualTo("Hello");
        }
    }

    @Test
    void theReadmeShowsTheExampleAsItIsHere() throws IOException {
        var source = Files.readString(Path.of("src/test/java/dev/byline/EmbeddingTest.java"));
        var example = source.substring(
                        source.indexOf("// README: embedding\n") + "// README: embedding\n".length(),
                        source.indexOf("        // end\n"))
                .stripTrailing()
                .stripIndent();

        assertThat(Files.readString(Path.of("../README.md"))).contains(example);
    }
}
