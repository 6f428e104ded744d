package org.lora4j.example.support.cli;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The terminal of the process, if there is one. */
public final class Terminal {
    private Terminal() {}

    /**
     * Returns whether somebody sees the output as it comes.
     *
     * @return false for a file or a pipe
     */
    public static boolean isPresent() {
        return console() != null;
    }

    /** Returns a writer in the character set of the terminal, or in UTF-8 for a file or a pipe. */
    static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, charset());
    }

    /** Makes standard output fail once nobody reads it, as in {@code ... | head -1}. */
    static void endWithClosedOutput() {
        System.setOut(ClosedOutput.failing(new FileOutputStream(FileDescriptor.out), charset()));
    }

    private static Charset charset() {
        Console console = console();
        return console == null ? StandardCharsets.UTF_8 : console.charset();
    }

    @SuppressWarnings("SystemConsoleNull")
    private static @Nullable Console console() {
        return System.console();
    }
}
