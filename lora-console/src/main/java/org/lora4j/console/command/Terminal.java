package org.lora4j.console.command;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** The terminal of the process, if there is one. */
public final class Terminal {
    private static final int USUAL_WIDTH = 80;
    private static final int LEAST_WIDTH = 10;

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

    /** Returns standard error, which nobody replaces. */
    static PrintStream errors() {
        return new PrintStream(new FileOutputStream(FileDescriptor.err), true, charset());
    }

    /** Makes standard output fail once nobody reads it, as in {@code ... | head -1}. */
    static void endWithClosedOutput() {
        System.setOut(ClosedOutput.failing(new FileOutputStream(FileDescriptor.out), charset()));
    }

    /**
     * Returns the width of the terminal. The signals of the process stay those of Java: JLine would give them back to the
     * operating system, which ends a process without its shutdown hooks.
     *
     * @return the number of columns, {@value #USUAL_WIDTH} if it is not known
     */
    static int width() {
        try (org.jline.terminal.Terminal terminal =
                TerminalBuilder.builder().dumb(true).nativeSignals(false).build()) {
            return terminal.getWidth() < LEAST_WIDTH ? USUAL_WIDTH : terminal.getWidth();
        } catch (IOException e) {
            return USUAL_WIDTH;
        }
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
