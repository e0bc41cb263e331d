package dev.byline.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodegenTest {
    @Test
    void theCommittedClassesMatchTheMigrations(@TempDir Path generated) throws Exception {
        Codegen.generate(generated);

        assertThat(files(generated))
                .as("generate them again: mvn -Pcodegen -pl codegen -am process-classes")
                .isEqualTo(files(Path.of("../core/src/generated/java")));
    }

    private static Map<String, String> files(Path folder) throws IOException {
        var files = new TreeMap<String, String>();
        try (var paths = Files.walk(folder)) {
            for (var path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
                files.put(folder.relativize(path).toString(), Files.readString(path));
            }
        }
        return files;
    }
}
