package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
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
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Convolutions in SameDiff with adapters of Python's PEFT, against what PyTorch computed. */
@Tag("numbers")
class ConvolutionGraphTest {
    @TempDir
    private Path written;

    private static Path folder(String name) throws Exception {
        return Path.of(Objects.requireNonNull(ConvolutionGraphTest.class.getResource("/golden/" + name))
                .toURI());
    }

    private static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThan(tolerance);
    }

    private static INDArray y(Map<String, INDArray> outputs) {
        return Objects.requireNonNull(outputs.get("y"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"conv2d_lora", "conv2d_dilated", "conv2d_rect"})
    void computesTheAdaptersOfTheReference(String name) throws Exception {
        SafeTensors io = SafeTensors.read(folder(name).resolve("io.safetensors"));
        SameDiff graph = new ConvolutionGraph(folder(name)).graph;
        Map<String, INDArray> feed = Map.of("x", io.tensor("x"));
        INDArray before = y(graph.output(feed, "y"));
        assertClose("y_base", before, io.tensor("y_base"), 1e-5);
        SameDiffLoRA lora = SameDiffLoRA.of(graph);

        lora.load("peft", folder(name).resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));

        // PEFT cannot compute the dilated case with an active adapter; see the cases' page.
        INDArray expected = io.tensor(io.names().contains("y_adapter") ? "y_adapter" : "y_merged");
        assertClose("y_adapter", y(lora.using("peft").output(feed, "y")), expected, 1e-5);
        assertClose("y_merged", y(lora.merge("peft").output(feed, "y")), io.tensor("y_merged"), 1e-5);
        assertThat(ArrayBits.equal(y(lora.base().output(feed, "y")), before)).isTrue();
        lora.save("peft", written);
        SafeTensors file = SafeTensors.read(folder(name).resolve("adapter/adapter_model.safetensors"));
        SafeTensors found = SafeTensors.read(written.resolve("adapter_model.safetensors"));
        assertThat(found.names()).isEqualTo(file.names());
        for (String key : file.names()) {
            assertThat(found.tensor(key)).as(key).isEqualTo(file.tensor(key));
        }
    }

    @Test
    void trainsAsTheReferenceDoes() throws Exception {
        Path folder = folder("conv2d_train_adam");
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        SameDiff graph = new ConvolutionGraph(folder).graph;
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.load("peft", folder.resolve("adapter_initial"), ReadOptions.of(FingerprintCheck.IGNORE));
        // PyTorch adds ε after the bias correction, so ND4J's is negligible.
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(Adam.builder().learningRate(0.02).epsilon(1e-10).build())
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        lora.train("peft");
        INDArray xs = io.tensor("X");
        for (int step = 0; step < xs.size(0); step++) {
            INDArray x = xs.slice(step).dup('c');
            INDArray labels = Nd4j.zeros(DataType.FLOAT, x.size(0), 4);
            for (int i = 0; i < x.size(0); i++) {
                labels.putScalar(i, io.tensor("Y").getInt(step, i), 1);
            }
            double loss = Objects.requireNonNull(graph.output(Map.of("x", x, "labels", labels), "loss")
                            .get("loss"))
                    .getDouble(0);
            assertThat(loss)
                    .as("loss of step %d", step)
                    .isCloseTo(io.tensor("losses").getDouble(step), within(1e-4));
            graph.fit(new DataSet(x, labels));
        }
        LoRAAdapter reference = PeftAdapters.load(folder.resolve("adapter_trained"), lora);
        for (Map.Entry<String, LoRAWeights> entry :
                lora.adapter("peft").weights().entrySet()) {
            LoRAWeights expected = Objects.requireNonNull(reference.weights().get(entry.getKey()));
            assertClose(entry.getKey(), entry.getValue().loraA(), expected.loraA(), 1e-4);
            assertClose(entry.getKey(), entry.getValue().loraB(), expected.loraB(), 1e-4);
        }
    }

    @Test
    void refusesDora() throws Exception {
        SameDiffLoRA lora = SameDiffLoRA.of(new ConvolutionGraph(folder("conv2d_dora")).graph);
        assertThatThrownBy(() -> lora.load(
                        "peft", folder("conv2d_dora").resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the adapter of a graph must be plain LoRA, found DoRA");
        assertThat(lora.names()).isEmpty();
    }
}
