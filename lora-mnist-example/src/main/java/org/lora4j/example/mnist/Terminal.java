package org.lora4j.example.mnist;

import java.io.Console;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Whether somebody is watching, and what can be shown. */
final class Terminal {
    private Terminal() {}

    /** Asks for the console that is null when there is no terminal; newer JDKs may give another by default. */
    static void init() {
        System.setProperty("jdk.console", "java.base");
    }

    static boolean isPresent() {
        return console() != null;
    }

    /** A writer in the terminal's character set, or in UTF-8 for a file or a pipe. */
    static PrintWriter writer(PrintStream stream) {
        Console console = console();
        return new PrintWriter(stream, true, console == null ? StandardCharsets.UTF_8 : console.charset());
    }

    @SuppressWarnings("SystemConsoleNull")
    private static @Nullable Console console() {
        return System.console();
    }
}
