package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A GGUF file as the model of commands. */
@Tag("slow")
class GgufModelTest {
    @TempDir
    Path temp;

    private static Path file(String name) {
        try {
            return Path.of(Objects.requireNonNull(GgufModelTest.class.getResource("/gguf/base/" + name + "/model.gguf"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFileIsTrainedAndItsAdapterGoesBackToLlamaCpp() throws IOException {
        Path model = file("llama_q8_0");
        Path texts = Files.writeString(
                temp.resolve("texts.csv"),
                IntStream.range(0, 40)
                        .mapToObj(i -> "Congress shall make no law " + i + ". The United States of America.\n")
                        .collect(Collectors.joining("", "text\n", "")));
        Path adapter = temp.resolve("adapter");
        JsonNode report = Cli.good(
                        "clm",
                        "--model",
                        model,
                        "--data",
                        texts,
                        "--output",
                        adapter,
                        "--epochs",
                        2,
                        "--block",
                        32,
                        "--rate",
                        0.01,
                        "--json")
                .json();
        assertThat(report.at("/after/loss").asDouble())
                .isLessThan(report.at("/before/loss").asDouble());

        JsonNode generated = Cli.good(
                        "generate",
                        "--model",
                        model,
                        "--adapter",
                        adapter,
                        "--raw",
                        "--prompt",
                        "Congress shall",
                        "--max-new-tokens",
                        8,
                        "--json")
                .json();
        Path gguf = temp.resolve("adapter.gguf");
        Cli.good("convert", "--adapter", adapter, "--model", model, "--gguf", "F32", "--output", gguf);
        try (DecoderFolder decoder = DecoderFolder.open(model);
                GgufReader written = GgufReader.open(gguf)) {
            LoRAModel adapted = LoRAModel.of(decoder.network());
            adapted.load("a", adapter);
            int[] prompt = decoder.tokenizer().encode("Congress shall").ids();
            int[] ids = Generator.of(adapted.using("a"))
                    .generate(
                            prompt,
                            GenerationOptions.greedy()
                                    .withMaxTokens(8)
                                    .withStopIds(decoder.endIds().stream()
                                            .mapToInt(Integer::intValue)
                                            .toArray()))
                    .ids();
            assertThat(generated.at("/text").asText())
                    .isEqualTo(decoder.tokenizer().decode(ids));
            assertThat(written.keys().text("general.architecture")).contains("llama");
            // The rows of queries are those of the file of the model again.
            INDArray b = adapted.using("a").adapter().weights().entrySet().stream()
                    .filter(entry -> entry.getKey().endsWith("layers.0.self_attn.q_proj"))
                    .findFirst()
                    .orElseThrow()
                    .getValue()
                    .loraB();
            INDArray found = written.tensor("blk.0.attn_q.weight.lora_b");
            assertThat(found.getRow(0)).isEqualTo(b.getRow(0));
            assertThat(found.getRow(1)).isEqualTo(b.getRow(32));
            assertThat(found.getRow(2)).isEqualTo(b.getRow(1));
        }
    }

    @Test
    void aMergedFileAnswersAsTheModelWithTheAdapter() throws IOException {
        Path model = file("llama_q8_0");
        Path adapter = temp.resolve("adapter");
        try (DecoderFolder decoder = DecoderFolder.open(model)) {
            LoRAModel.of(decoder.network())
                    .add(
                            "a",
                            LoRAConfig.builder()
                                    .rank(2)
                                    .alpha(8)
                                    .init(LoRAInit.random())
                                    .targetModules("q_proj", "down_proj")
                                    .build())
                    .save(adapter);
        }
        Path merged = temp.resolve("merged.gguf");
        Object[] merge = {"merge", "--model", model, "--adapter", adapter, "--output", merged};
        Cli.good(Cli.words(merge, "--gguf", "F32"));
        Object[] generate = {
            "generate", "--raw", "--prompt", "Congress shall", "--max-new-tokens", 8, "--json", "--model"
        };
        assertThat(Cli.good(Cli.words(generate, merged)).json().at("/text"))
                .isEqualTo(Cli.good(Cli.words(generate, model, "--adapter", adapter))
                        .json()
                        .at("/text"))
                .isNotEqualTo(Cli.good(Cli.words(generate, model)).json().at("/text"));
        assertThat(Cli.run(merge).errLines().toString()).contains("merged.gguf");
        Cli.good(Cli.words(merge, "--overwrite", "--gguf", "Q8_0"));
        try (GgufReader written = GgufReader.open(merged)) {
            assertThat(written.type("blk.0.attn_q.weight")).isEqualTo("Q8_0");
        }
        assertThat(Cli.run("merge", "--model", model, "--adapter", adapter, "--output", temp.resolve("folder"))
                        .code())
                .isEqualTo(2);
    }

    @Test
    void aFileEmbedsTexts() throws IOException {
        Path model = file("bert_q4_0");
        Path texts = Files.writeString(temp.resolve("texts.csv"), "text\nCongress shall\nThe United States\n");
        Path output = temp.resolve("embedded.jsonl");
        Cli.good("embed", "--model", model, "--data", texts, "--output", output);
        List<String> lines = Files.readAllLines(output);
        try (EncoderFolder encoder = EncoderFolder.open(model)) {
            INDArray expected = encoder.sentenceEmbeddings()
                    .predict(encoder.tokens(List.of("Congress shall", "The United States")));
            for (int i = 0; i < 2; i++) {
                JsonNode embedding = new ObjectMapper().readTree(lines.get(i)).get("embedding");
                for (int j = 0; j < expected.size(1); j++) {
                    assertThat(embedding.get(j).asDouble()).isCloseTo(expected.getDouble(i, j), within(1e-5));
                }
            }
        }
    }

    @Test
    void aFileIsInspected() throws IOException {
        JsonNode found = Cli.good("inspect", file("llama_q8_0"), "--json").json();
        assertThat(found.toString()).contains("\"llama\"").contains("q_proj");
        assertThat(found.at("/support/gguf").asBoolean()).isTrue();
        assertThat(found.at("/warnings").isEmpty()).isTrue();
        assertThat(found.at("/files/0").asText()).startsWith("model.gguf with ").contains(" Q8_0");
        Path broken = Files.write(temp.resolve("broken.gguf"), new byte[] {'G', 'G', 'U', 'F', 3, 0});
        assertThat(Cli.run("inspect", broken).errLines().toString())
                .contains("broken.gguf: byte 4: the version must have 4 bytes, found 2 before the end of the file");
        assertThat(Cli.run("generate", "--model", temp.resolve("none.gguf"), "--prompt", "a")
                        .errLines()
                        .toString())
                .contains("none.gguf");
    }
}
