package dev.byline.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The faults that tests cannot cause when they run as root. CommandTest has the others. */
class FileFaultTest {
    private static final Path FILE = Path.of("/x/file");

    @Test
    void aMissingPermissionIsSaidInWords() {
        assertThat(FileFault.reading(FILE, new AccessDeniedException("/x"))).isEqualTo("no permission to read /x/file");
        assertThat(FileFault.writing(new AccessDeniedException("/x/lock")))
                .isEqualTo("no permission to write to /x/lock");
    }

    @Test
    void theReasonOfTheSystemIsKept() {
        assertThat(FileFault.writing(new FileSystemException("/x", null, "Read-only file system")))
                .isEqualTo("/x: Read-only file system");
        assertThat(FileFault.writing(new IOException("No space left on device")))
                .isEqualTo("No space left on device");
        assertThat(FileFault.writing(new NoSuchFileException("/x/y"))).isEqualTo("no such file or folder: /x/y");
    }

    @Test
    void anExceptionWithoutAMessageIsNamed() {
        assertThat(FileFault.reading(FILE, new EOFException())).isEqualTo("java.io.EOFException");
    }
}
