package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.Page;

/** The messages about data files on the page on troubleshooting are those of the program: each mistake is made. */
class DataMessagesPageTest {
    @TempDir
    private Path temp;

    private String error(Path model, Path data) {
        Cli cli = Cli.run("classify", "--model", model, "--data", data, "--output", temp.resolve("out"));
        assertThat(cli.code()).isEqualTo(1);
        return cli.err().strip();
    }

    @Test
    void eachMessageIsThatOfAMistake() throws IOException {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        Path latin = Files.write(
                temp.resolve("latin.csv"), "text,label\ncaf\u00e9,a\n".getBytes(StandardCharsets.ISO_8859_1));
        List<String> errors = List.of(
                error(bert, Files.writeString(temp.resolve("bars.csv"), "text|label\na|b\n")), error(bert, latin));
        List<Pattern> messages =
                Page.of("troubleshooting.md").section("Data files").messages();
        assertThat(messages).hasSameSizeAs(errors);
        for (int i = 0; i < errors.size(); i++) {
            String message = errors.get(i).replaceFirst("^error: ", "");
            assertThat(messages.get(i).matcher(message).lookingAt())
                    .as("%s like %s", message, messages.get(i))
                    .isTrue();
        }
    }
}
