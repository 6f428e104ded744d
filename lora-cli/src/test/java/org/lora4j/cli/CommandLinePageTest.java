package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The command lines of the documentation are right, and the page names all commands and options of trainings. */
class CommandLinePageTest {
    private static final Path PAGE = Path.of("../src/site/markdown/command-line.md");
    private static final List<Path> PAGES = List.of(
            PAGE,
            Path.of("../README.md"),
            Path.of("../src/site/markdown/fine-tuning.md"),
            Path.of("../src/site/markdown/chat.md"));
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    static Stream<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path page : PAGES) {
            for (String line : Files.readAllLines(page)) {
                String command = line.replaceFirst("^java -jar lora-cli/target/lora-cli\\.jar ", "lora ");
                if (command.startsWith("lora ")) {
                    lines.add(command);
                }
            }
        }
        return lines.stream();
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
        assertThatCode(() -> new CommandLine(new Lora()).parseArgs(words(line))).doesNotThrowAnyException();
    }

    @Test
    void thePageNamesAllCommandsAndTheOptionsOfTrainings() throws IOException {
        String page = Files.readString(PAGE);
        var commands = new CommandLine(new Lora()).getSubcommands();
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
