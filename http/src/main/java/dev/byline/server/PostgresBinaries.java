package dev.byline.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.io.FileUtils;
import org.apache.commons.io.output.NullOutputStream;
import org.tukaani.xz.XZInputStream;

/** Unpacks the PostgreSQL binaries that the jar contains for this platform. */
final class PostgresBinaries {
    private static final String UNPACKING = ".unpacking";

    private PostgresBinaries() {}

    /**
     * Unpacks the binaries unless the folder has them already. Blocks for some seconds. Deletes everything else from
     * the folder: other versions, and the partial result of a start that was killed.
     *
     * @param folder not used by another process
     * @return the folder that contains {@code bin/postgres}
     * @throws IOException also when the jar has no binaries for this platform
     */
    static Path unpack(Path folder) throws IOException {
        var resource = resource();
        var home = folder.resolve("postgres-" + hash(resource).substring(0, 16));
        try (var children = Files.newDirectoryStream(folder)) {
            for (var child : children) {
                if (!child.equals(home)) {
                    FileUtils.forceDelete(child.toFile());
                }
            }
        }
        if (!Files.isDirectory(home)) {
            var unpacking = folder.resolve(home.getFileName() + UNPACKING);
            try (var in = open(resource)) {
                unpack(in, unpacking);
            }
            Files.move(unpacking, home, StandardCopyOption.ATOMIC_MOVE);
        }
        return home;
    }

    private static String resource() throws IOException {
        var os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        var system = os.startsWith("mac") ? "darwin" : os.startsWith("windows") ? "windows" : os;
        var architecture = switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64" -> "arm_64";
            default -> System.getProperty("os.arch");
        };
        var name = "/postgres-" + system + "-" + architecture;
        var candidates = Files.exists(Path.of("/etc/alpine-release"))
                ? List.of(name + "-alpine_linux.txz", name + ".txz")
                : List.of(name + ".txz");
        return candidates.stream()
                .filter(candidate -> PostgresBinaries.class.getResource(candidate) != null)
                .findFirst()
                .orElseThrow(() -> new IOException("this jar has no PostgreSQL for " + system + " on " + architecture));
    }

    private static InputStream open(String resource) throws IOException {
        var in = PostgresBinaries.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IOException("not in the jar: " + resource);
        }
        return new BufferedInputStream(in, 1 << 16);
    }

    private static String hash(String resource) throws IOException {
        try (var in = new DigestInputStream(open(resource), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(NullOutputStream.INSTANCE);
            return HexFormat.of().formatHex(in.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void unpack(InputStream archive, Path folder) throws IOException {
        try (var tar = new TarArchiveInputStream(new XZInputStream(archive))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                unpack(tar, entry, folder.resolve(entry.getName()));
            }
        }
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path target) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else {
            Files.copy(tar, target);
            if (entry.getName().contains("bin/") && !target.toFile().setExecutable(true)) {
                throw new IOException("cannot make executable: " + target);
            }
        }
    }
}
