package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a program of a page prints is on the page. Its numbers may differ: they depend on the processor. */
final class PrintedOutput {
    private static final Path PAGES = Path.of("..", "src", "site", "markdown");
    private static final Pattern NUMBER = Pattern.compile("\\d[\\d.,E-]*");

    private PrintedOutput() {}

    @FunctionalInterface
    interface Program {
        void run(String[] args) throws Exception;
    }

    /** Runs the program, and requires its lines on the page. Returns them. */
    static List<String> isOnPage(String page, Program program, String... args) throws Exception {
        String printed = run(program, args);
        assertThat(withoutNumbers(Files.readString(PAGES.resolve(page))))
                .as("%s must show what its program prints:%n%s", page, printed)
                .contains("```\n" + withoutNumbers(printed) + "```");
        return printed.lines().toList();
    }

    private static String run(Program program, String... args) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            program.run(args);
        } finally {
            System.setOut(before);
        }
        // ND4J prints lines of its own when a graph creates its gradients.
        return bytes.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("Added differentiated op"))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String withoutNumbers(String text) {
        return NUMBER.matcher(text).replaceAll("#");
    }
}
