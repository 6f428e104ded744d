package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.nn.Network;

class WrongUseTest {
    @TempDir
    private static Path temp;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = TestData.write(temp.resolve("data"), 200, 100);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--rank 0; --rank must be in [1, 784], found 0",
                "--rank 785; --rank must be in [1, 784], found 785",
                "--rank two; Invalid value for option '--rank'",
                "--alpha 0; --alpha must be finite and positive, found 0.0",
                "--alpha NaN; --alpha must be finite and positive, found NaN",
                "--digit 12; --digit must be in [0, 9], found 12",
                "--digit -1; --digit must be in [0, 9], found -1",
                "--digits 4,10; --digits must be in [0, 9], found 10",
                "--digits 4,9,4; --digits must be distinct, found [4, 9, 4]",
                "--digits 4,9 --digit 3; --digit and --digits exclude each other",
                "--together; --together needs several digits, found --digits []",
                "--together --digits 4; --together needs several digits, found --digits [4]",
                "evaluate --base x --merge; --merge needs an adapter, found no --adapter",
                "--replay 1.5; --replay must be in [0, 1), found 1.5",
                "--replay -0.1; --replay must be in [0, 1), found -0.1",
                "--batch-size 0; --batch-size must be at least 1, found 0",
                "--max-batches -5; --max-batches must be at least 1, found -5",
                "--fine-tune-batches -1; --fine-tune-batches must be at least 1, found -1",
                "--epochs 0; --epochs must be at least 1, found 0",
                "--lr 0; --lr must be finite and positive, found 0.0",
                "--fine-tune-lr -1; --fine-tune-lr must be finite and positive, found -1.0",
                "--init zeros; '--init'",
                "--no-such-option; Unknown option: '--no-such-option'",
                "--seed; Missing required parameter for option '--seed'",
                "svd --size 0; --size must be in [1, 2000], found 0",
                "svd --size 4 --rank 5; --rank must be in [1, 4], found 5",
                "study --seeds 0; --seeds must be at least 1, found 0",
                "study --bases 0; --bases must be at least 1, found 0",
                "study --bases 2 --base x; --base is one base, found --bases 2",
                "study --held-out 0; --held-out must be at least 1, found 0",
                "study --held-out 9 --base x; --held-out needs a base that is trained without these images, found --base",
                "study --replay 0.5,2; --replay must be in [0, 1), found 2.0",
                "study --fine-tune-lr 0; --fine-tune-lr must be finite and positive, found 0.0",
                "evalute --base x; Unmatched argument",
                "run again; Unmatched argument",
                "story again; Unmatched argument",
                "story --seed 1; Unknown option",
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
    void refusesAMissingDataFolder() {
        assertFails(temp.resolve("o1"), "there is no such folder", "--data", temp.resolve("nowhere"));
    }

    @Test
    void refusesADamagedImageFile() throws IOException {
        Path damaged = TestData.write(temp.resolve("damaged"), 200, 100);
        Path images = damaged.resolve("train-images-idx3-ubyte");
        Files.write(images, Arrays.copyOf(Files.readAllBytes(images), 5000));
        assertFails(temp.resolve("o2"), "train-images-idx3-ubyte", "--data", damaged);
    }

    @Test
    void refusesImagesOfAnotherSize() throws IOException {
        Path tiny = Files.createDirectories(temp.resolve("tiny"));
        for (String split : new String[] {"train", "t10k"}) {
            Files.write(tiny.resolve(split + "-images-idx3-ubyte"), TestData.images(1, 2, 3, new byte[6]));
            Files.write(tiny.resolve(split + "-labels-idx1-ubyte"), TestData.labels(1, new byte[1]));
        }
        assertFails(temp.resolve("o3"), "images must have 784 pixels, found 2 x 3", "--data", tiny);
    }

    @Test
    void refusesADigitThatNoTrainingImageShowsBeforeAnyTraining() throws IOException {
        Path few = TestData.write(temp.resolve("few"), 3, 100);
        Cli cli = assertFails(temp.resolve("o4"), "must show the digit 8, none does", "--data", few, "--digit", 8);
        assertThat(cli.out()).isEmpty();
    }

    @Test
    void refusesAMissingBase() {
        assertFails(temp.resolve("o5"), "there is no such file", "--data", data, "--base", temp.resolve("no.file"));
    }

    @Test
    void refusesADamagedBase() throws IOException {
        Path damaged = Files.write(temp.resolve("damaged.safetensors"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        assertFails(temp.resolve("o6"), "damaged.safetensors: ", "--data", data, "--base", damaged);
    }

    @Test
    void refusesTheBaseOfAnotherNetwork() throws IOException {
        Path other = temp.resolve("other.safetensors");
        Network.builder(784).linear("linear1", 10).build(0).save(other);
        assertFails(temp.resolve("o7"), "missing [linear2.weight", "--data", data, "--base", other);
    }

    @Test
    void refusesAnOutputFolderThatCannotBeWrittenBeforeAnyTraining() throws IOException {
        Path file = Files.writeString(temp.resolve("a-file"), "kept");
        for (Path output : new Path[] {file, file.resolve("below")}) {
            Cli cli = Cli.shortRun(data, output);
            assertThat(cli.errLines())
                    .singleElement()
                    .asString()
                    .contains("the output folder must be writable", "a-file");
            assertThat(cli.out()).isEmpty();
            assertThat(cli.code()).isEqualTo(1);
        }
        assertThat(file).hasContent("kept");
    }

    @Test
    void aTrainingThatDivergesLeavesNoReport() throws IOException {
        Path output = temp.resolve("diverged");
        Cli cli = Cli.shortRun(data, output, "--lr", 1e30);
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: the loss must be finite, found NaN at iteration");
        assertThat(output).isEmptyDirectory();
    }

    @Test
    void verboseShowsWhereAnErrorComesFrom() {
        Cli cli = Cli.shortRun(data, temp.resolve("o8"), "--verbose", "--base", temp.resolve("no.file"));
        assertThat(cli.err()).contains("NoSuchFileException", "\tat ", "error: ");
        assertThat(cli.code()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "--help, run",
        "--help, story",
        "story --help, MnistLoRA.java",
        "-h, study",
        "--version, lora-mnist-example",
        "run --help, --fine-tune-batches"
    })
    void helpIsNoError(String options, String shown) {
        Cli cli = Cli.run((Object[]) options.split(" "));
        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out()).contains(shown);
    }

    private static Cli assertFails(Path output, String message, Object... options) {
        Cli cli = Cli.run(Stream.concat(Stream.of("run", "--output", output), Stream.of(options))
                .toArray());
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(1);
        assertThat(output).doesNotExist();
        return cli;
    }
}
