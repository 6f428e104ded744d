package org.lora4j.example.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
class WrongUseTest {
    @TempDir
    private static Path temp;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--rank 0; --rank must be in [1, 384], found 0",
                "--rank 385; --rank must be in [1, 384], found 385",
                "--alpha -1; --alpha must be finite and positive, found -1.0",
                "--max-tokens 2; --max-tokens must be in [3, 512], found 2",
                "--max-tokens 513; --max-tokens must be in [3, 512], found 513",
                "--steps 0; --steps must be at least 1, found 0",
                "--batch-size 0; --batch-size must be at least 1, found 0",
                "--lr 0; --lr must be finite and positive, found 0.0",
                "--dropout 1; --dropout must be at least 0 and less than 1, found 1.0",
                "--dropout NaN; --dropout must be at least 0 and less than 1, found NaN",
                "--targets all-linear,query; --targets must be all-linear alone or names of layers, found [all-linear, query]",
                "--targets query,,value; --targets must not have blank names, found [query, , value]",
                "story --adapter x; Unknown option",
                "clasify; Unmatched argument",
            })
    void wrongOptionsEndWithOneLineAndCode2(String options, String message) {
        Cli cli = Cli.run((Object[]) options.split(" "));
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.err()).contains("--help");
        assertThat(cli.out()).isEmpty();
        assertThat(cli.code()).isEqualTo(2);
    }

    @Test
    void refusesAMissingDataFolderBeforeAnyWork() {
        Path output = temp.resolve("o1");
        assertFails("there is no such folder", "--data", temp.resolve("nowhere"), "--output", output);
        assertThat(output).doesNotExist();
    }

    @Test
    void saysThatAFileIsNoFolder() throws IOException {
        Path file = Files.writeString(temp.resolve("fortunes.csv"), "a,b");
        Path output = temp.resolve("o4");
        assertFails(
                file + ": must be a folder with texts, found a file; give the folder that it is in",
                "--data",
                file,
                "--output",
                output);
        assertThat(output).doesNotExist();
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesAPipeAmongTheTexts() throws Exception {
        Path folder = Files.createDirectories(temp.resolve("pipes"));
        Path pipe = folder.resolve("train.tsv");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> assertFails(
                        pipe + ": must be a regular file, found a device, a pipe or a socket",
                        "--data",
                        folder,
                        "--model-folder",
                        TestModel.FOLDER,
                        "--output",
                        temp.resolve("o5")));
    }

    @Test
    void refusesAnOutputFolderThatCannotBeWrittenBeforeAnyWork() throws IOException {
        Path file = Files.writeString(temp.resolve("a-file"), "kept");
        for (String command : new String[] {"classify", "story"}) {
            assertFails("the output folder must be writable", command, "--output", file);
        }
        assertThat(file).hasContent("kept");
    }

    @Test
    void refusesAModelFolderWithAnotherModel() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("other-model"));
        Files.writeString(folder.resolve("config.json"), "{}");
        Files.writeString(folder.resolve("model.safetensors"), "other");
        assertFails(
                "must be the file that this program wrote", "--model-folder", folder, "--output", temp.resolve("o2"));
        assertThat(folder.resolve("model.safetensors")).hasContent("other");
    }

    @Test
    void refusesTargetsThatTheModelDoesNotHave() {
        assertFails(
                "qery",
                "--model-folder",
                TestModel.FOLDER,
                "--output",
                temp.resolve("o3"),
                "--data",
                data(),
                "--targets",
                "qery");
    }

    @Test
    void refusesAMissingAdapter() {
        assertFails(
                "no-adapter: must be a folder with an adapter, found no folder",
                "--model-folder",
                TestModel.FOLDER,
                "--data",
                data(),
                "--adapter",
                temp.resolve("no-adapter"));
    }

    @ParameterizedTest
    @CsvSource({"--help, classify", "classify --help, --max-tokens", "--version, lora-text-example"})
    void helpIsNoError(String options, String shown) {
        Cli cli = Cli.run((Object[]) options.split(" "));
        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).contains(shown);
    }

    private static Path data() {
        try {
            return SmallTexts.write(temp.resolve("data"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void assertFails(String message, Object... options) {
        Cli cli = Cli.run(options);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(1);
    }
}
