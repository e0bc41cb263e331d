package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.io.File;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Runs a program without the libraries that are optional in the artifact. */
class OptionalLibrariesTest {
    private static final Pattern OPTIONAL =
            Pattern.compile(".*/(HikariCP|caffeine|bcprov|jedis|commons-pool2|httpc|jsoup)[^/]*\\.jar");

    @Test
    void whatUsesNoOptionalLibraryRunsWithoutAndTheRestNamesIt() throws Exception {
        var classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !OPTIONAL.matcher(entry).matches())
                .collect(Collectors.joining(File.pathSeparator));
        try (var database = TestDatabase.migrated()) {
            var program = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            classPath,
                            Program.class.getName(),
                            database.url())
                    .redirectErrorStream(true)
                    .start();
            var output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(program.waitFor()).as(output).isZero();
            assertThat(output.lines().filter(line -> line.contains(" need the library ")))
                    .as(output)
                    .containsExactly(
                            "pools of Byline's own need the library com.zaxxer:HikariCP on the class path"
                                    + " (on the module path: requires com.zaxxer.hikari)",
                            "caches need the library com.github.ben-manes.caffeine:caffeine on the class path"
                                    + " (on the module path: requires com.github.benmanes.caffeine)",
                            "caches need the library com.github.ben-manes.caffeine:caffeine on the class path"
                                    + " (on the module path: requires com.github.benmanes.caffeine)",
                            "passwords need the library org.bouncycastle:bcprov-jdk18on on the class path"
                                    + " (on the module path: requires org.bouncycastle.provider)",
                            "passwords need the library org.bouncycastle:bcprov-jdk18on on the class path"
                                    + " (on the module path: requires org.bouncycastle.provider)",
                            "imports of feeds need the library org.apache.httpcomponents.client5:httpclient5 on the"
                                    + " class path (on the module path: requires"
                                    + " org.apache.httpcomponents.client5.httpclient5)");
        }
    }

    /** The program. */
    static final class Program {
        private static final Principal NOBODY = new Principal.Anonymous();

        private Program() {}

        /** Takes the database's URL. */
        public static void main(String[] arguments) throws Exception {
            var config = BylineConfig.of(arguments[0]);
            var dataSource = new PGSimpleDataSource();
            dataSource.setUrl(config.database().url().jdbcUrl());
            dataSource.setUser(config.database().url().credentials().getProperty("user"));
            dataSource.setPassword(config.database().url().credentials().getProperty("password"));
            fails(() -> Byline.open(config));
            fails(() -> Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(dataSource));
            fails(() -> Byline.builder()
                    .cache(BylineConfig.Cache.LOCAL.withRedis(URI.create("redis://localhost")))
                    .dataSource(dataSource));
            try (var byline = Byline.builder().dataSource(dataSource)) {
                var ada = byline.users().create(NOBODY, new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
                var member = new Principal.Member(ada.id(), Role.USER);
                byline.posts().create(member, new NewPost("A", "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
                check(byline.posts()
                                .feed(NOBODY, PostFilter.NONE, PageRequest.first(5))
                                .items()
                                .size()
                        == 1);
                check(byline.users().find(NOBODY, ada.id()).isPresent());
                var token = byline.tokens().issue(new Principal.Operator(), ada.id(), null);
                check(byline.tokens().authenticate(token.secret()).is(ada.id()));
                var password = new Password("correct horse battery");
                fails(() ->
                        byline.users().create(NOBODY, new NewUser("bob@example.com", "Bob", password, Metadata.EMPTY)));
                fails(() -> byline.tokens().login("ada@example.com", password));
                fails(() -> byline.imports().run(member, List.of("https://example.com/feed")));
                byline.users().delete(member, ada.id());
            }
        }

        private static void fails(Runnable call) {
            try {
                call.run();
            } catch (IllegalStateException e) {
                System.out.println(e.getMessage());
                return;
            }
            throw new AssertionError("runs without the library");
        }

        private static void check(boolean holds) {
            if (!holds) {
                throw new AssertionError();
            }
        }
    }
}
