package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.Page;

/** The messages about data files on the page on troubleshooting are those of the program: each mistake is made. */
class DataMessagesPageTest {
    @TempDir
    private Path temp;

    private String error(Path model, Path data, Object... more) {
        Cli cli = Cli.run(Cli.words(
                new Object[] {"classify", "--model", model, "--data", data, "--output", temp.resolve("out")}, more));
        assertThat(cli.code()).isEqualTo(1);
        return cli.err().strip();
    }

    @Test
    void eachMessageIsThatOfAMistake() throws IOException {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        Path llama = SmallModels.llama(temp.resolve("llama"), 1);
        Path data = SmallTexts.csv(temp.resolve("texts.csv"), 12, 2);
        Path adapter = temp.resolve("out");
        Path latin = Files.write(
                temp.resolve("latin.csv"), "text,label\ncaf\u00e9,a\n".getBytes(StandardCharsets.ISO_8859_1));
        List<String> errors = new ArrayList<>(List.of(
                error(bert, data, "--text", "body"),
                error(bert, Files.writeString(temp.resolve("bars.csv"), "text|label\na|b\n")),
                error(bert, Files.writeString(temp.resolve("a.xlsx"), "PK")),
                error(bert, latin),
                error(bert, Files.writeString(temp.resolve("more.csv"), "text,label\na,b,c\n"))));
        Cli.good("classify", "--model", bert, "--data", data, "--output", adapter, "--epochs", 1, "--no-baseline");
        errors.add(error(bert, data));
        errors.add(Cli.run("generate", "--model", llama, "--adapter", adapter, "--prompt", "a")
                .err()
                .strip());
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
