package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code byline} in a checkout and in a release folder, with stand-ins for Maven and Java. */
class LauncherTest {
    private static final String JAVA = """
            #!/bin/sh
            [ "$1" != -version ] || { echo 'openjdk version "21.0.2" 2024-01-16' >&2; exit; }
            echo "java $*"
            exit 7
            """;

    private final Path folder;

    LauncherTest(@TempDir Path folder) throws IOException {
        this.folder = folder.toRealPath();
    }

    @BeforeEach
    void install() throws IOException {
        executable("home/byline", Files.readString(Path.of("../byline")));
        executable("jdk/bin/java", JAVA);
    }

    private void executable(String name, String content) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void checkout(String maven) throws IOException {
        Files.createDirectories(folder.resolve("home/http/src/main"));
        executable("bin/mvn", "#!/bin/sh\n" + maven);
    }

    private TestProgram.Finished run(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of(folder.resolve("home/byline").toString()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment().merge("PATH", folder.resolve("bin") + ":", (path, bin) -> bin + path);
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new TestProgram.Finished(process.waitFor(), output);
    }

    @Test
    void theFirstStartPrintsEachStepOfTheBuildAndThenRunsTheJar() throws Exception {
        checkout("""
                printf '[INFO] Scanning for projects...\\n'
                printf '[INFO] Building Byline core 0.1.0-SNAPSHOT           [3/4]\\n'
                printf 'Downloading from central: https://repo.example/a.jar\\n'
                printf 'Downloading from central: https://repo.example/b.jar\\n'
                printf '[INFO] --- maven-compiler-plugin:3.15.0:compile (default-compile) @ byline-core ---\\n'
                printf '[WARNING] nothing to worry about\\n'
                printf '[INFO] Building jar: core.jar\\n'
                printf '[INFO] Building Byline http 0.1.0-SNAPSHOT           [4/4]\\n'
                printf '[INFO] --- maven-shade-plugin:3.6.2:shade (default) @ http ---\\n'
                mkdir -p http/target && touch http/target/byline.jar
                printf '\\033[0m'
                """);
        var jar = folder.resolve("home/http/target/byline.jar");

        var first = run("token", "--email", "a b");

        assertThat(first.status()).isEqualTo(7);
        assertThat(first.output()).isEqualTo("""
                byline: building %s (the first time takes some minutes)
                byline: Byline core (3 of 4)
                byline: Byline core (3 of 4): downloading
                byline: Byline core (3 of 4): compiling
                byline: Byline http (4 of 4)
                byline: Byline http (4 of 4): packing the jar
                java -jar %s token --email a b
                """.formatted(jar, jar));
        assertThat(run("version").output()).isEqualTo("java -jar " + jar + " version\n");
    }

    @Test
    void aFailedBuildPrintsWarningsAndErrorsAndNamesItsLog() throws Exception {
        checkout("""
                printf '[INFO] Building Byline core 0.1.0-SNAPSHOT           [3/4]\\n'
                printf '[WARNING] A.java:[1,2] unused\\n'
                printf '[ERROR] \\033[1;31mwarnings found\\033[m\\n  symbol: class B\\n\\n'
                printf '[ERROR] Failed to execute goal compiler:compile (default-compile) on project http\\n'
                printf '\\033[0m'
                exit 3
                """);

        var failed = run();

        var log = folder.resolve("home/http/target/build.log");
        assertThat(failed.status()).isEqualTo(2);
        assertThat(failed.output()).endsWith("""
                        byline: Byline core (3 of 4)
                        [WARNING] A.java:[1,2] unused
                        [ERROR] warnings found
                          symbol: class B
                        [ERROR] Failed to execute goal compiler:compile (default-compile) on project http
                        byline: the build failed; its whole output is in %s
                        """.formatted(log));
        assertThat(log).content().contains("[INFO] Building Byline core");
    }

    @Test
    void aReleaseFolderIsNotBuilt() throws Exception {
        executable("bin/mvn", "#!/bin/sh\necho built\n");
        var jar = Files.createFile(folder.resolve("home/byline.jar"));

        var version = run("version");

        assertThat(version.status()).isEqualTo(7);
        assertThat(version.output()).isEqualTo("java -jar " + jar + " version\n");
    }
}
