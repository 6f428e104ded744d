package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
    private static final Pattern IMPORT = Pattern.compile(
            "^import (org\\.[\\w.]+|java[\\w.]+|dev[\\w.]+|com\\.sun\\.net[\\w.]+);", Pattern.MULTILINE);

    private record Snippet(Path page, String language, String text) {
        boolean isJava() {
            return language.equals("java");
        }

        boolean isImports() {
            return isJava() && text.lines().allMatch(line -> line.isBlank() || line.startsWith("import "));
        }

        @Override
        public String toString() {
            return ROOT.relativize(page) + ": " + text.lines().findFirst().orElse("");
        }
    }

    static List<Snippet> snippets() throws IOException {
        List<Snippet> all = new ArrayList<>();
        for (Path page : pages()) {
            blocks(page).stream().filter(block -> !isTestedElsewhere(block)).forEach(all::add);
        }
        return all;
    }

    static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
        pages.addAll(files(ROOT.resolve("src/site/markdown"), ".md"));
        return pages;
    }

    /** README.md and the page of the article lead to whole programs. */
    static List<Path> pagesWithImports() throws IOException {
        return pages().stream()
                .filter(page -> !page.endsWith("README.md"))
                .filter(page -> !page.endsWith("article.md"))
                .filter(page -> blocks(page).stream().anyMatch(Snippet::isJava))
                .toList();
    }

    private static List<Snippet> blocks(Path page) {
        List<Snippet> blocks = new ArrayList<>();
        Matcher block = BLOCK.matcher(read(page));
        while (block.find()) {
            blocks.add(new Snippet(page, block.group(1), block.group(2)));
        }
        return blocks;
    }

    /**
     * The blocks of xml and Kotlin are those of projects that .ci/run resolves: see src/build/WriteConsumer.java. A test of
     * lora-mnist-example compares the program on the article's page with its source.
     */
    private static boolean isTestedElsewhere(Snippet snippet) {
        return snippet.language().equals("xml")
                || (snippet.page().endsWith("article.md") && snippet.isJava())
                || snippet.isImports();
    }

    @Test
    void thereAreSnippets() throws IOException {
        assertThat(snippets()).hasSizeGreaterThan(1);
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void isPartOfAProgramThatRuns(Snippet snippet) throws IOException {
        String wanted = withoutIndentation(snippet.text());
        assertThat(programsWith(snippet))
                .as("a program must contain the snippet:%n%s", wanted)
                .isNotEmpty();
    }

    /** A reader who copies the code of a page finds the imports for it on this page. */
    @ParameterizedTest
    @MethodSource("pagesWithImports")
    void aPageHasTheImportsOfItsCode(Path page) throws IOException {
        Set<String> given = new TreeSet<>();
        Set<String> needed = new TreeSet<>();
        for (Snippet snippet : blocks(page)) {
            // A whole program has its imports at its top.
            snippet.text().lines().filter(line -> line.startsWith("import ")).forEach(given::add);
            if (snippet.isJava() && !snippet.isImports()) {
                needed.addAll(importsOf(snippet, programsWith(snippet).get(0)));
            }
        }
        assertThat(given).as("the imports of %s", ROOT.relativize(page)).isEqualTo(needed);
    }

    /** The imports of the program whose names the snippet has, and the other types of the program's own package. */
    private static Set<String> importsOf(Snippet snippet, Path program) throws IOException {
        Set<String> imports = new TreeSet<>();
        Matcher line = IMPORT.matcher(read(program));
        while (line.find()) {
            addIfUsed(line.group(1), snippet, imports);
        }
        Path source = Path.of(program.toString().replace("/src/test/", "/src/main/"));
        if (Files.isDirectory(source.getParent())) {
            String folders = source.getParent().toString();
            String name = folders.substring(folders.indexOf("/java/") + "/java/".length())
                    .replace('/', '.');
            for (Path type : files(source.getParent(), ".java")) {
                if (type.getParent().equals(source.getParent()) && !type.equals(program)) {
                    addIfUsed(name + "." + type.getFileName().toString().replace(".java", ""), snippet, imports);
                }
            }
        }
        return imports;
    }

    private static void addIfUsed(String type, Snippet snippet, Set<String> imports) {
        String name = type.substring(type.lastIndexOf('.') + 1);
        if (Pattern.compile("(?<![\\w.\"])" + name + "(?![\\w\"])")
                .matcher(snippet.text())
                .find()) {
            imports.add("import " + type + ";");
        }
    }

    private static List<Path> programsWith(Snippet snippet) throws IOException {
        List<Path> programs = new ArrayList<>(files(Path.of("src/it/consumer"), ".java"));
        programs.addAll(files(Path.of("src/test/java/org/lora4j/documentation"), ".java"));
        for (String tests : List.of(
                "lora-dl4j/src/test/java",
                "lora-langchain4j/src/test/java",
                "lora-onednn/src/test/java",
                "lora-spark/src/test/java",
                "lora-spring-boot-starter/src/test/java",
                "lora-text/src/test/java")) {
            programs.addAll(files(ROOT.resolve(tests), ".java"));
        }
        programs.addAll(files(ROOT.resolve("lora-mnist-example/src/main/java"), ".java"));
        String wanted = withoutIndentation(snippet.text());
        return programs.stream()
                .filter(program -> withoutIndentation(read(program)).contains(wanted))
                .toList();
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
