package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JarMainTest {
    /** The major version of Java 8's class files. */
    private static final int JAVA_8 = 52;

    @ParameterizedTest
    @CsvSource({"1.8, 8", "11, 11", "17, 17", "20, 20"})
    void anOldJavaIsRefusedWithBothVersions(String specification, String version) {
        assertThat(JarMain.fault(specification)).isEqualTo("Byline needs Java 21 or newer; this is " + version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"21", "25", "100"})
    void aNewJavaIsAccepted(String specification) {
        assertThat(JarMain.fault(specification)).isEmpty();
    }

    @Test
    void anOldJavaCanLoadTheClass() throws IOException {
        try (var bytes = new DataInputStream(
                Objects.requireNonNull(JarMain.class.getResourceAsStream("JarMain.class"), "JarMain.class"))) {
            assertThat(bytes.readInt()).isEqualTo(0xCAFEBABE);
            assertThat(bytes.readUnsignedShort()).isZero();
            assertThat(bytes.readUnsignedShort()).isEqualTo(JAVA_8);
        }
    }

    @Test
    void theProgramRuns(@TempDir Path folder) throws Exception {
        var version = TestProgram.run(folder, JarMain.class, "version");
        assertThat(version.status()).isEqualTo(Command.DONE);
        assertThat(version.output()).contains("byline development");
    }
}
