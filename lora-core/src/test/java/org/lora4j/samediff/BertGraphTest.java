package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.TargetRank;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** A BERT encoder in SameDiff with adapters of Python's PEFT, against what PyTorch computed. */
@Tag("numbers")
class BertGraphTest {
    private static final String[] INPUTS = {"input_ids", "attention_mask", "token_type_ids"};

    private static Path folder(String name) throws Exception {
        return Path.of(Objects.requireNonNull(BertGraphTest.class.getResource("/golden/" + name))
                .toURI());
    }

    private static SafeTensors io(String name) throws Exception {
        return SafeTensors.read(folder(name).resolve("io.safetensors"));
    }

    private static Map<String, INDArray> feed(SafeTensors io, String prefix) throws Exception {
        Map<String, INDArray> feed = new HashMap<>();
        for (String input : INPUTS) {
            feed.put(input, io.tensor(prefix + input));
        }
        return feed;
    }

    private static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThan(tolerance);
    }

    private static INDArray get(Map<String, INDArray> outputs, String name) {
        return Objects.requireNonNull(outputs.get(name), name);
    }

    /** Hidden states are stored as zero where the mask is 0. */
    private static INDArray unmasked(INDArray hidden, SafeTensors io) throws Exception {
        INDArray mask = io.tensor("attention_mask").castTo(DataType.FLOAT);
        return hidden.mul(mask.reshape(mask.size(0), mask.size(1), 1).broadcast(hidden.shape()));
    }

    @Test
    void computesTheEncoder() throws Exception {
        SafeTensors io = io("encoder_forward");
        SameDiff graph = new BertGraph(folder("encoder_forward"), 12).graph;
        INDArray hidden = get(graph.output(feed(io, ""), "last_hidden_state"), "last_hidden_state");
        assertClose("hidden", unmasked(hidden, io), io.tensor("last_hidden_state"), 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"encoder_lora_qv", "encoder_lora_all_linear"})
    void computesAdaptersOfPeft(String name) throws Exception {
        SafeTensors io = io(name);
        SameDiff graph = new BertGraph(folder(name), 12).graph;
        Map<String, INDArray> feed = feed(io, "");
        INDArray before = get(graph.output(feed, "logits"), "logits");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.load("peft", folder(name).resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));
        assertClose("base", before, io.tensor("logits_base"), 1e-5);
        assertClose(
                "adapter", get(lora.using("peft").output(feed, "logits"), "logits"), io.tensor("logits_adapter"), 1e-5);
        assertClose(
                "merged", get(lora.merge("peft").output(feed, "logits"), "logits"), io.tensor("logits_merged"), 1e-5);
        INDArray disabled = get(lora.base().output(feed, "logits"), "logits");
        assertThat(ArrayBits.equal(disabled, before)).isTrue();
        lora.add(
                "new",
                lora.adapter("peft").config().toBuilder()
                        .modulesToSave("classifier")
                        .build());
        INDArray initial = get(lora.using("new").output(feed, "logits"), "logits");
        assertThat(ArrayBits.equal(initial, before)).isTrue();
    }

    @Test
    void refusesDoraAndComputesItsConversion() throws Exception {
        String name = "encoder_dora";
        SafeTensors io = io(name);
        SameDiffLoRA lora = SameDiffLoRA.of(new BertGraph(folder(name), 12).graph);
        Path folder = folder(name).resolve("adapter");
        assertThatThrownBy(() -> lora.load("peft", folder, ReadOptions.of(FingerprintCheck.IGNORE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter 'peft': the adapter of a graph must be plain LoRA, found DoRA")
                .hasMessageContaining("AdapterConversion.toLoRA");

        LoRAAdapter dora = PeftAdapters.load(folder, lora, ReadOptions.of(FingerprintCheck.IGNORE));
        int hidden = 24;
        lora.add(
                "plain",
                AdapterConversion.toLoRA(lora, dora, TargetRank.of(hidden)).adapter());

        INDArray logits = get(lora.using("plain").output(feed(io, ""), "logits"), "logits");
        assertClose("adapter", logits, io.tensor("logits_adapter"), 1e-5);
    }

    @Test
    void computesAnAdapterOfAnEmbedding() throws Exception {
        String name = "encoder_embedding_lora";
        SafeTensors io = io(name);
        SameDiff graph = new BertGraph(folder(name), 12).graph;
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.load("peft", folder(name).resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));
        String output = "last_hidden_state";
        INDArray adapted = get(lora.using("peft").output(feed(io, ""), output), output);
        assertClose("adapter", unmasked(adapted, io), io.tensor("last_hidden_state_adapter"), 1e-5);
        INDArray merged = get(lora.merge("peft").output(feed(io, ""), output), output);
        assertClose("merged", unmasked(merged, io), io.tensor("last_hidden_state_merged"), 1e-5);
    }

    @Test
    void trainsAsPyTorchDoes() throws Exception {
        String name = "encoder_train_lora_adam";
        SafeTensors io = io(name);
        SameDiff graph = new BertGraph(folder(name), 10).graph;
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.load("peft", folder(name).resolve("adapter_initial"), ReadOptions.of(FingerprintCheck.IGNORE));
        double rate = new ObjectMapper()
                .readTree(folder(name).resolve("case.json").toFile())
                .at("/settings/lr")
                .doubleValue();
        // PyTorch adds ε after the bias correction, so ND4J's is negligible.
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(Adam.builder().learningRate(rate).epsilon(1e-10).build())
                .dataSetFeatureMapping(INPUTS)
                .dataSetLabelMapping("labels")
                .build());
        lora.train("peft");
        for (int step = 0; step < 10; step++) {
            MultiDataSet batch = batch(io, step);
            Map<String, INDArray> feed = new HashMap<>(Map.of("labels", batch.getLabels(0)));
            for (int i = 0; i < INPUTS.length; i++) {
                feed.put(INPUTS[i], batch.getFeatures(i));
            }
            double loss = get(graph.output(feed, "loss"), "loss").getDouble(0);
            assertThat(loss)
                    .as("loss of step %d", step)
                    .isCloseTo(io.tensor("losses").getDouble(step), within(1e-4));
            graph.fit(batch);
        }
        INDArray logits = get(graph.output(feed(io, "eval_"), "logits"), "logits");
        assertClose("eval_logits", logits, io.tensor("eval_logits"), 1e-4);
    }

    private static MultiDataSet batch(SafeTensors io, int step) throws Exception {
        INDArray[] features = new INDArray[INPUTS.length];
        for (int i = 0; i < features.length; i++) {
            features[i] = io.tensor(INPUTS[i])
                    .get(NDArrayIndex.point(step), NDArrayIndex.all(), NDArrayIndex.all())
                    .dup();
        }
        int[] labels = io.tensor("labels").getRow(step).toIntVector();
        INDArray oneHot = Nd4j.zeros(DataType.FLOAT, labels.length, 3);
        for (int i = 0; i < labels.length; i++) {
            oneHot.putScalar(i, labels[i], 1);
        }
        return new MultiDataSet(features, new INDArray[] {oneHot});
    }
}
