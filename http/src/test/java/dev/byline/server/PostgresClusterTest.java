package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresClusterTest {
    @TempDir
    static Path binaries;

    private static Path home;

    @TempDir
    Path folder;

    @BeforeAll
    static void unpack() throws IOException {
        Files.createDirectory(binaries.resolve("PG-of-another-version"));
        home = PostgresBinaries.unpack(binaries);
    }

    @Test
    void otherVersionsAreDeleted() throws IOException {
        try (var unpacked = Files.newDirectoryStream(binaries)) {
            assertThat(unpacked).containsExactly(home);
        }
    }

    @Test
    void binariesAreUnpackedOnce() throws IOException {
        var postgres = home.resolve("bin/postgres");
        var before = Files.readAttributes(postgres, BasicFileAttributes.class).fileKey();

        assertThat(PostgresBinaries.unpack(binaries)).isEqualTo(home);
        assertThat(Files.readAttributes(postgres, BasicFileAttributes.class).fileKey())
                .isEqualTo(before);
    }

    private Path password() throws IOException {
        return Files.writeString(folder.resolve("password"), "x");
    }

    @Test
    void withoutAnyKnownLocaleCreatingFailsAndLeavesNoFolder() throws IOException {
        var cluster = new PostgresCluster(home, folder.resolve("data"));
        var password = password();

        assertThatThrownBy(() -> cluster.create(password, List.of("xx_YY.UTF-8")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("xx_YY.UTF-8");
        assertThat(cluster.data()).doesNotExist();
    }

    @Test
    void unknownLocalesAreSkipped() throws Exception {
        int port;
        var cluster = new PostgresCluster(home, folder.resolve("a folder with spaces"));
        cluster.create(password(), List.of("xx_YY.UTF-8", "yy_XX.UTF-8", "C"));
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        cluster.start(port);
        assertThat(cluster.data().resolve("postmaster.pid")).exists();
        cluster.stop();
        assertThat(cluster.data().resolve("postmaster.pid")).doesNotExist();
    }
}
