package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.peft.PeftAdapters;

/** A classifier on a decoder, which reads the last token. */
class DecoderClassifierTest {
    @TempDir
    private static Path temp;

    @Tag("slow")
    @Test
    void aDecoderLearnsToClassifyAndIsMerged() throws IOException {
        Path llama = SmallModels.llama(temp.resolve("llama"), 1);
        Path texts = SmallTexts.csv(temp.resolve("texts.csv"), 120, 2);
        Path output = temp.resolve("adapter");
        JsonNode report = Cli.good(
                        "classify",
                        "--model",
                        llama,
                        "--data",
                        texts,
                        "--output",
                        output,
                        "--epochs",
                        6,
                        "--batch",
                        8,
                        "--rate",
                        0.02,
                        "--validation",
                        0.2,
                        "--max-tokens",
                        64,
                        "--json")
                .json();
        assertThat(report.at("/settings/head").asText()).isEqualTo("last");
        assertThat(report.at("/settings/maxTokens").asInt()).isEqualTo(64);
        assertThat(report.at("/metrics/accuracy").asDouble()).isGreaterThan(0.8);
        assertThat(report.at("/baseline/texts")).isEqualTo(report.at("/metrics/texts"));
        assertThat(PeftAdapters.load(output).savedModules()).containsOnlyKeys("score");
        assertThat(PeftAdapters.load(output).config().hubFields().taskType()).isEqualTo("SEQ_CLS");

        Object[] adapted = {"--model", llama, "--adapter", output};
        Object[] test = {"evaluate", "--data", texts, "--json"};
        JsonNode tested = Cli.good(Cli.words(test, adapted)).json();
        assertThat(tested.at("/metrics/accuracy").asDouble()).isGreaterThan(0.9);
        Path predicted = temp.resolve("predicted.csv");
        Cli.good(Cli.words(new Object[] {"predict", "--data", texts, "--output", predicted}, adapted));
        assertThat(Files.readAllLines(predicted))
                .hasSize(121)
                .first()
                .asString()
                .endsWith("predicted,probability");
        JsonNode inspected =
                Cli.good("inspect", output, "--model", llama, "--json").json();
        assertThat(inspected.at("/fit/sameWeights").asBoolean()).isTrue();
        assertThat(inspected.at("/labels").toString()).isEqualTo("[\"cats\",\"ships\"]");

        Path merged = temp.resolve("merged");
        Cli.good(Cli.words(new Object[] {"merge", "--output", merged}, adapted));
        assertThat(Files.readString(merged.resolve("config.json"))).contains("LlamaForSequenceClassification", "ships");
        assertThat(Cli.good(Cli.words(test, "--model", merged)).json().at("/metrics/confusion"))
                .isEqualTo(tested.at("/metrics/confusion"));
        assertThat(Cli.good("inspect", merged, "--json").json().at("/labels")).isEqualTo(inspected.at("/labels"));

        Files.delete(output.resolve("task.json"));
        assertThat(Cli.good(Cli.words(new Object[] {"predict", "--data", texts, "--output", predicted}, adapted))
                        .code())
                .isZero();
        assertThat(Files.readAllLines(predicted).get(1)).contains("LABEL_");
        assertThat(Cli.run(Cli.words(new Object[] {"generate", "--prompt", "a"}, adapted))
                        .code())
                .isEqualTo(1);
    }
}
