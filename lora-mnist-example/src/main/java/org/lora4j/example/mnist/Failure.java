package org.lora4j.example.mnist;

import org.lora4j.train.DivergedException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a failure is called in one line. */
final class Failure {
    private Failure() {}

    /** The message of an exception that explains itself, else its type with the message. */
    static String describe(Exception e) {
        @Nullable String message = e.getMessage();
        if (e instanceof NoSuchFileException) {
            return message + ": there is no such file";
        }
        if (e instanceof AccessDeniedException) {
            return message + ": access denied";
        }
        if (e instanceof FileSystemException file && file.getReason() == null) {
            return message + ": " + kind(e);
        }
        boolean explainsItself =
                e instanceof IOException || e instanceof IllegalArgumentException || e instanceof DivergedException;
        return explainsItself && message != null ? message : e + " (--verbose shows where)";
    }

    /** {@code FileAlreadyExistsException} as {@code file already exists}. */
    private static String kind(Exception e) {
        String words = e.getClass().getSimpleName().replace("Exception", "").replaceAll("(?<=[a-z])(?=[A-Z])", " ");
        return words.toLowerCase(Locale.ROOT);
    }
}
