package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.console.command.CommandRunner;
import org.lora4j.fixtures.Page;
import picocli.CommandLine.Model.OptionSpec;

/** The command lines of the documentation are right, and the page names all commands and options of trainings. */
class CommandLinePageTest {
    private static final List<String> PAGES = List.of("command-line.md", "command-texts.md", "command-chats.md");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    static Stream<String> lines() {
        return Stream.concat(
                        PAGES.stream(),
                        Stream.of(
                                "server.md",
                                "server-training.md",
                                "README.md",
                                "fine-tuning.md",
                                "search.md",
                                "chat.md"))
                .map(Page::of)
                .flatMap(page -> page.text().lines())
                .map(line -> line.replaceFirst("^java -jar lora-cli/target/lora-cli\\.jar ", "lora "))
                .filter(line -> line.startsWith("lora "));
    }

    private static String[] words(String line) {
        List<String> words = new ArrayList<>();
        for (Matcher word = WORD.matcher(line.substring("lora ".length())); word.find(); ) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        return words.toArray(String[]::new);
    }

    @ParameterizedTest
    @MethodSource("lines")
    void eachCommandLineIsRight(String line) {
        String[] words = words(line);
        assertThatCode(() -> CommandRunner.line(new Lora(), words).parseArgs(words))
                .doesNotThrowAnyException();
    }

    @Test
    void thePagesNameAllCommandsAndTheOptionsOfTrainings() {
        String page = PAGES.stream().map(Page::of).map(Page::text).collect(Collectors.joining());
        var commands = CommandRunner.line(new Lora(), "classify").getSubcommands();
        assertThat(lines()).hasSizeGreaterThan(15);
        commands.forEach((name, command) ->
                assertThat(page).contains("| `" + name + "` |").containsPattern("lora " + name + "\\b"));
        for (OptionSpec option : Objects.requireNonNull(commands.get("classify"))
                .getCommandSpec()
                .options()) {
            if (!List.of("--help", "--version").contains(option.longestName())) {
                assertThat(page).contains(option.longestName());
            }
        }
    }
}
