package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import org.nd4j.evaluation.classification.Evaluation;

class EvaluateCommandTest {
    @TempDir
    private static Path temp;

    private static Path data;
    private static Path base;

    @BeforeAll
    static void write() throws IOException {
        data = TestData.write(temp.resolve("data"), 200, 130);
        base = temp.resolve("net.safetensors");
        RichBoyNet.build(3).save(base);
    }

    @Test
    void printsJsonAloneWhenAskedTo() throws IOException {
        Cli cli = Cli.run("evaluate", "--base", base, "--data", data, "--json");
        assertThat(cli.code()).isZero();
        assertThat(cli.err()).isEmpty();
        assertThat(cli.out().lines()).hasSize(1);
        JsonNode json = Reference.json(cli.out());
        Evaluation expected = Reference.test(Reference.network(base), data);
        assertThat(json.fieldNames()).toIterable().containsExactly("accuracy", "wrong");
        assertThat(json.get("accuracy").asDouble()).isCloseTo(expected.accuracy(), within(1e-12));
        assertThat(Reference.integers(json.get("wrong"))).isEqualTo(Reference.wrong(expected));
    }

    @Test
    void printsAccuracyAndWrongCountsAsText() throws IOException {
        Cli cli = Cli.run("evaluate", "--base", base, "--data", data);
        Evaluation expected = Reference.test(Reference.network(base), data);
        int wrong =
                Reference.wrong(expected).stream().mapToInt(Integer::intValue).sum();
        assertThat(cli.code()).isZero();
        assertThat(cli.out())
                .contains(String.format(
                        Locale.ROOT, "accuracy %.2f %%, %d of 130 images wrong", 100 * expected.accuracy(), wrong));
    }

    @Test
    @Tag("slow")
    void testsOnTheBundledMnistByDefault() {
        Cli cli = Cli.run("evaluate", "--base", base);
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).contains("10,000 test images of MNIST");
    }

    @Test
    void needsANetwork() {
        Cli cli = Cli.run("evaluate");
        assertThat(cli.code()).isEqualTo(2);
        assertThat(cli.errLines()).singleElement().asString().contains("--base=FILE");
    }
}
