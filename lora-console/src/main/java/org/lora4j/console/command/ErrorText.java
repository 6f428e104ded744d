package org.lora4j.console.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.train.DivergedException;

/** What an error says to a user. The messages of some of Java's exceptions are only the path. */
final class ErrorText {
    /** What Java makes of a byte that the character set of the locale does not have. */
    private static final char REPLACEMENT = '\uFFFD';

    private ErrorText() {}

    /** Returns the message of an exception that explains itself, else its type with the message. */
    static String of(Exception e) {
        @Nullable String message = e.getMessage();
        if (e instanceof UncheckedIOException
                && e.getCause() instanceof IOException cause
                && cause.toString().equals(message)) {
            return of(cause);
        }
        boolean explainsItself = e instanceof IOException
                || e instanceof UncheckedIOException
                || e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof ArithmeticException
                || e instanceof DivergedException;
        if (message == null || !explainsItself) {
            return e + " (--verbose shows where)";
        }
        if (e instanceof InvalidPathException path) {
            return ofPath(path);
        }
        return e instanceof FileSystemException file && file.getReason() == null
                ? message + ": " + reason(file)
                : message;
    }

    /** Returns {@code file already exists} for a {@code FileAlreadyExistsException}. */
    private static String reason(FileSystemException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        String words = e.getClass().getSimpleName().replace("Exception", "").replaceAll("(?<=[a-z])(?=[A-Z])", " ");
        return words.toLowerCase(Locale.ROOT);
    }

    private static String ofPath(InvalidPathException e) {
        return e.getInput().indexOf(REPLACEMENT) >= 0 || e.getReason().contains("unmappable")
                ? "'%s' must have only characters of the locale's character set, found %s; set LC_ALL=C.UTF-8"
                        .formatted(e.getInput(), System.getProperty("sun.jnu.encoding"))
                : "'%s' must be a path, found: %s".formatted(e.getInput(), e.getReason());
    }
}
