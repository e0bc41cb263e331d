package dev.byline.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A statement that is built but not executed does nothing, so it must not compile. */
class UnexecutedQueryTest {
    private static final List<String> INTERNALS =
            List.of("api", "file", "main", "model", "parser", "processing", "tree", "util", "code", "comp");

    @TempDir
    Path folder;

    @Test
    void anUnexecutedQueryDoesNotCompile() throws Exception {
        assertThat(compile("dsl.deleteFrom(DSL.table(\"posts\")).where(DSL.falseCondition());"))
                .contains("[CheckReturnValue]")
                .contains("error:");
    }

    @Test
    void anExecutedQueryCompiles() throws Exception {
        assertThat(compile("int unused = dsl.deleteFrom(DSL.table(\"posts\")).where(DSL.falseCondition()).execute();"))
                .doesNotContain("error:");
    }

    /** Runs javac with the Error Prone settings of the build and returns its output. */
    private String compile(String statement) throws IOException, InterruptedException {
        var source = Files.writeString(folder.resolve("Sample.java"), """
                import org.jooq.DSLContext;
                import org.jooq.impl.DSL;

                final class Sample {
                    private Sample() {}

                    static void run(DSLContext dsl) {
                        %s
                    }
                }
                """.formatted(statement));
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "javac").toString());
        for (var internal : INTERNALS) {
            command.add("-J--add-exports=jdk.compiler/com.sun.tools.javac." + internal + "=ALL-UNNAMED");
            command.add("-J--add-opens=jdk.compiler/com.sun.tools.javac." + internal + "=ALL-UNNAMED");
        }
        var classPath = System.getProperty("java.class.path");
        command.addAll(List.of("-XDcompilePolicy=simple", "--should-stop=ifError=FLOW"));
        command.addAll(List.of("-XDaddTypeAnnotationsToSymbol=true", System.getProperty("byline.errorprone")));
        command.addAll(List.of("-proc:none", "-classpath", classPath, "-processorpath", classPath));
        command.addAll(List.of("-d", folder.toString(), source.toString()));
        var javac = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(javac.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        javac.waitFor();
        return output;
    }
}
