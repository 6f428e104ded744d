package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each code block of the documentation is part of a program that the build compiles and runs. */
class SnippetsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern BLOCK =
            Pattern.compile("^```(java|xml)\n(.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

    private record Snippet(Path page, String language, String text) {
        @Override
        public String toString() {
            return ROOT.relativize(page) + ": " + text.lines().findFirst().orElse("");
        }
    }

    static List<Snippet> snippets() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
        pages.addAll(files(ROOT.resolve("src/site/markdown"), ".md"));
        List<Snippet> all = new ArrayList<>();
        for (Path page : pages) {
            Matcher block = BLOCK.matcher(Files.readString(page));
            while (block.find()) {
                if (!isTestedElsewhere(page, block.group(1))) {
                    all.add(new Snippet(page, block.group(1), block.group(2)));
                }
            }
        }
        return all;
    }

    /**
     * .ci/run writes projects from all blocks of xml and Kotlin: see src/build/WriteConsumer.java. A test of
     * lora-mnist-example compares the program on the article's page with its source.
     */
    private static boolean isTestedElsewhere(Path page, String language) {
        return language.equals("xml") || (page.endsWith("article.md") && language.equals("java"));
    }

    @Test
    void thereAreSnippets() throws IOException {
        assertThat(snippets()).hasSizeGreaterThan(1);
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void isPartOfAProgramThatRuns(Snippet snippet) throws IOException {
        List<Path> programs = new ArrayList<>(files(Path.of("src/it/consumer"), "." + snippet.language()));
        programs.addAll(files(Path.of("src/test/java/org/lora4j/documentation"), ".java"));
        programs.addAll(files(ROOT.resolve("lora-dl4j/src/test/java"), "." + snippet.language()));
        programs.addAll(files(ROOT.resolve("lora-langchain4j/src/test/java"), "." + snippet.language()));
        programs.addAll(files(ROOT.resolve("lora-spark/src/test/java"), "." + snippet.language()));
        programs.addAll(files(ROOT.resolve("lora-mnist-example/src/main/java"), "." + snippet.language()));
        String wanted = withoutIndentation(snippet.text());
        assertThat(programs.stream().map(program -> withoutIndentation(read(program))))
                .as("one of %s programs must contain the snippet:%n%s", programs.size(), wanted)
                .anyMatch(program -> program.contains(wanted));
    }

    /** The lines without indentation and without what a test asserts between them. */
    private static String withoutIndentation(String text) {
        return String.join(
                "\n",
                text.lines()
                        .map(String::strip)
                        .filter(line -> !line.startsWith("assertThat("))
                        .toList());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }
}
