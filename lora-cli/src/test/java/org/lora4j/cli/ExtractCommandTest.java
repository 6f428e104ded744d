package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The adapter of the difference between two models computes what the second one does. */
class ExtractCommandTest {
    private static final Sequences TOKENS = Sequences.of(new int[] {4, 5, 6, 7}, new int[] {8, 9});

    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;

    @BeforeAll
    static void write() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
    }

    private static void assertClose(Model found, Model expected, Model base) {
        INDArray output = expected.predict(TOKENS);
        double norm = output.norm2Number().doubleValue();
        assertThat(found.predict(TOKENS).distance2(output) / norm).isCloseTo(0, within(1e-4));
        assertThat(base.predict(TOKENS).distance2(output) / norm).isGreaterThan(1e-2);
    }

    /** Copies a model with changes of some tensors. */
    private static Path tuned(String name, Path model, String... tensors) throws IOException {
        Path folder = temp.resolve(name);
        Files.createDirectories(folder);
        for (String file : new String[] {"config.json", "tokenizer.json"}) {
            Files.copy(model.resolve(file), folder.resolve(file));
        }
        Map<String, INDArray> changed = new HashMap<>(
                SafeTensors.read(model.resolve("model.safetensors")).tensors());
        for (String tensor : tensors) {
            changed.computeIfPresent(tensor, (key, value) -> value.mul(1.3).addi(0.1));
        }
        SafeTensors.of(changed, Map.of("format", "pt")).write(folder.resolve("model.safetensors"));
        return folder;
    }

    @Test
    void theAdapterOfAMergedModelIsFoundAgain() throws IOException {
        Path text = Files.writeString(temp.resolve("t.txt"), "a text ".repeat(30));
        Path adapter = temp.resolve("adapter");
        Cli.good(
                "clm",
                "--model",
                llama,
                "--data",
                text,
                "--output",
                adapter,
                "--validation",
                0,
                "--epochs",
                2,
                "--block",
                16,
                "--rate",
                0.02,
                "--rank",
                4,
                "--target",
                "q_proj,down_proj");
        Path merged = temp.resolve("merged");
        Cli.good("merge", "--model", llama, "--adapter", adapter, "--output", merged);
        Path output = temp.resolve("extracted");
        JsonNode result = Cli.good(
                        "extract", "--model", llama, "--tuned", merged, "--rank", 4, "--output", output, "--json")
                .json();
        assertThat(result.at("/layers").asInt()).isEqualTo(4);
        assertThat(result.at("/rank").asInt()).isEqualTo(4);
        assertThat(result.at("/greatestError").asDouble()).isLessThan(1e-3);
        assertThat(result.at("/inFull")).isEmpty();
        LoRAModel model = LoRAModel.of(PretrainedModel.load(llama).causal());
        assertClose(
                model.load("extracted", output), PretrainedModel.load(merged).causal(), model.base());
        JsonNode inspected =
                Cli.good("inspect", output, "--model", llama, "--json").json();
        assertThat(inspected.at("/task").asText()).isEqualTo("CAUSAL_LM");
        assertThat(inspected.at("/base").asText()).isEqualTo("llama");
        assertThat(inspected.at("/fit/sameWeights").asBoolean()).isTrue();
    }

    @Test
    void biasesAndNormalizationsOfAnEncoderAreTakenInFull() throws IOException {
        String query = "encoder.layer.0.attention.self.query";
        Path tuned = tuned("tuned", bert, query + ".weight", query + ".bias");
        Path output = temp.resolve("encoder");
        assertThat(Cli.good("extract", "--model", bert, "--tuned", tuned, "--energy", 1, "--output", output)
                        .out())
                .contains("for 1 layers written to " + output)
                .doesNotContain("stored in full");
        LoRAModel model = LoRAModel.of(PretrainedModel.load(bert).lastHiddenState());
        assertClose(model.load("extracted", output), PretrainedModel.load(tuned).lastHiddenState(), model.base());

        String norm = "encoder.layer.1.output.LayerNorm";
        Path normed = tuned("normed", bert, query + ".weight", norm + ".weight", norm + ".bias");
        Path full = temp.resolve("encoder-with-norm");
        assertThat(Cli.good("extract", "--model", bert, "--tuned", normed, "--energy", 1, "--output", full)
                        .out())
                .contains("1 normalizations differ and are stored in full; the first: " + norm);
        LoRAModel other = LoRAModel.of(PretrainedModel.load(bert).lastHiddenState());
        assertClose(other.load("extracted", full), PretrainedModel.load(normed).lastHiddenState(), other.base());
        Path merged = temp.resolve("merged-encoder");
        Cli.good("merge", "--model", bert, "--adapter", full, "--output", merged);
        assertClose(
                PretrainedModel.load(merged).lastHiddenState(),
                PretrainedModel.load(normed).lastHiddenState(),
                PretrainedModel.load(bert).lastHiddenState());
    }

    @Test
    void aClassifierThatOnlyTheTunedModelHasIsLeftOutWithAWarning() throws IOException {
        String query = "encoder.layer.0.attention.self.query.weight";
        Path before = tuned("before", bert);
        Path withHead = tuned("with-head", bert, query);
        addTensor(withHead, "classifier.weight", 3, SmallModels.WIDTH);
        addTensor(withHead, "classifier.bias", 3);
        String[] words = {"extract", "--model", before.toString(), "--tuned", withHead.toString(), "--energy", "1"};
        Path output = temp.resolve("without-head");
        Cli said = Cli.good(Cli.words(words, "--output", output));
        assertThat(said.out())
                .contains("warning: only " + withHead
                        + " has a classifier, and the adapter leaves it out: bert.pooler.dense,"
                        + " classifier; 'lora classify' trains a new one");
        assertThat(Cli.good(Cli.words(words, "--output", output, "--overwrite", "--json"))
                        .json()
                        .at("/leftOut"))
                .extracting(JsonNode::asText)
                .containsExactly("bert.pooler.dense", "classifier");
        LoRAModel model = LoRAModel.of(PretrainedModel.load(before).lastHiddenState());
        assertClose(
                model.load("extracted", output), PretrainedModel.load(withHead).lastHiddenState(), model.base());
    }

    @Test
    void theClassifierOfADecoderIsExtractedIfBothModelsHaveOne() throws IOException {
        Path before = tuned("llama-before", llama);
        addTensor(before, "score.weight", 3, SmallModels.WIDTH);
        Path after = tuned("llama-after", before, "score.weight", "model.layers.1.self_attn.q_proj.weight");
        Path output = temp.resolve("score");
        JsonNode result = Cli.good(
                        "extract", "--model", before, "--tuned", after, "--energy", 1, "--output", output, "--json")
                .json();
        assertThat(result.at("/layers").asInt()).isEqualTo(2);
        assertThat(result.at("/leftOut")).isEmpty();
        LoRAModel model = LoRAModel.of(PretrainedModel.load(before).classifier());
        assertClose(model.load("extracted", output), PretrainedModel.load(after).classifier(), model.base());
        Path without = temp.resolve("without-score");
        JsonNode alone = Cli.good(
                        "extract", "--model", llama, "--tuned", after, "--energy", 1, "--output", without, "--json")
                .json();
        assertThat(alone.at("/leftOut")).extracting(JsonNode::asText).containsExactly("score");
    }

    private static void addTensor(Path folder, String name, long... shape) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Map<String, INDArray> tensors = new HashMap<>(SafeTensors.read(file).tensors());
        tensors.put(
                name,
                Nd4j.linspace(-1, 1, LongStream.of(shape).reduce(1, (a, b) -> a * b))
                        .castTo(DataType.FLOAT)
                        .reshape(shape));
        SafeTensors.of(tensors, Map.of("format", "pt")).write(file);
    }

    @Test
    void wrongUse() {
        Path output = temp.resolve("wrong");
        assertThat(Cli.run("extract", "--model", bert, "--tuned", llama, "--output", output)
                        .err())
                .contains("the models must be of the same kind, found llama beside bert");
        assertThat(Cli.run("extract", "--model", bert, "--tuned", bert, "--output", output)
                        .err())
                .contains("at least one weight must differ between the models");
        Cli both =
                Cli.run("extract", "--model", bert, "--tuned", bert, "--output", output, "--rank", 2, "--energy", 0.5);
        assertThat(both.err()).contains("--rank must be used without --energy, found both");
        assertThat(both.code()).isEqualTo(2);
        assertThat(Cli.run("extract", "--model", bert, "--tuned", llama, "--output", llama)
                        .err())
                .contains("the output must be another file or folder");
        assertThat(output).doesNotExist();
    }
}
