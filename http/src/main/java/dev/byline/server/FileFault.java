package dev.byline.server;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/** Says in words why a file cannot be read or written: messages of Java's exceptions are often only the path. */
final class FileFault {
    private FileFault() {}

    static String reading(Path file, IOException e) {
        return switch (e) {
            case AccessDeniedException ignored -> "no permission to read " + file;
            case NoSuchFileException ignored -> "no such file: " + file;
            case CharacterCodingException ignored -> file + " is not UTF-8 text";
            default -> Files.isDirectory(file) ? file + " is a folder, not a file" : message(e);
        };
    }

    /** The exception names the file: it can be a part of the folder that the caller knows. */
    static String writing(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "no permission to write to " + denied.getFile();
            case FileAlreadyExistsException exists -> exists.getFile() + " is a file, not a folder";
            case NoSuchFileException missing -> "no such file or folder: " + missing.getFile();
            default -> message(e);
        };
    }

    private static String message(IOException e) {
        return Objects.requireNonNullElse(e.getMessage(), e.toString());
    }
}
