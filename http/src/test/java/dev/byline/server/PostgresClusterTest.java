package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresClusterTest {
    @TempDir
    Path folder;

    @Test
    void aLocaleThatTheSystemLacksIsNoObstacle() throws Exception {
        var binaries = Files.createDirectory(folder.resolve("binaries"));
        Files.createDirectory(binaries.resolve("PG-of-another-version"));
        var home = PostgresBinaries.unpack(binaries);
        try (var unpacked = Files.newDirectoryStream(binaries)) {
            assertThat(unpacked).containsExactly(home);
        }
        assertThat(PostgresBinaries.unpack(binaries)).isEqualTo(home);

        int port;
        var password = Files.writeString(folder.resolve("password"), "x");
        var cluster = new PostgresCluster(home, folder.resolve("a folder with spaces"));
        assertThatThrownBy(() -> cluster.create(password, List.of("xx_YY.UTF-8")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("xx_YY.UTF-8");
        assertThat(cluster.data()).doesNotExist();
        cluster.create(password, List.of("xx_YY.UTF-8", "yy_XX.UTF-8", "C"));
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        cluster.start(port);
        assertThat(cluster.data().resolve("postmaster.pid")).exists();
        cluster.stop();
        assertThat(cluster.data().resolve("postmaster.pid")).doesNotExist();
    }
}
