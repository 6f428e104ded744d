package org.lora4j.example.support.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** What the errors of files mean. The messages of some of Java's exceptions are only the path. */
public final class FileErrors {
    private FileErrors() {}

    /**
     * Returns the file and the reason.
     *
     * @param e an error of reading or writing a file
     * @return the message, completed by the reason if the message is only the path
     */
    public static String describe(IOException e) {
        String message = e.getMessage();
        if (message == null) {
            return e.toString();
        }
        if (e instanceof NoSuchFileException) {
            return message + ": there is no such file";
        }
        if (e instanceof AccessDeniedException) {
            return message + ": access denied";
        }
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return message + ": " + kind(file);
        }
        return message;
    }

    /** Returns {@code file already exists} for a {@code FileAlreadyExistsException}. */
    private static String kind(FileSystemException e) {
        String words = e.getClass().getSimpleName().replace("Exception", "").replaceAll("(?<=[a-z])(?=[A-Z])", " ");
        return words.toLowerCase(Locale.ROOT);
    }
}
