package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.dl4j.GoldenTest.assertClose;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** An output layer of sequences is a dense layer of each step, so the cases of dense layers hold for it. */
@Tag("numbers")
class GoldenSequencesTest {
    private static final int INPUTS = 12;

    @TempDir
    private Path written;

    private static MultiLayerNetwork network(String name, Activation activation) throws Exception {
        MultiLayerNetwork network = Networks.of(
                DataType.FLOAT,
                InputType.recurrent(INPUTS),
                dense("linear1", 16),
                dense("linear2", 9),
                new RnnOutputLayer.Builder(
                                activation == Activation.SOFTMAX
                                        ? LossFunctions.LossFunction.MCXENT
                                        : LossFunctions.LossFunction.MSE)
                        .name("linear3")
                        .nOut(5)
                        .activation(activation)
                        .build());
        GoldenTest.load(network, name);
        return network;
    }

    private static DenseLayer dense(String name, int out) {
        return new DenseLayer.Builder()
                .name(name)
                .nOut(out)
                .activation(Activation.RELU)
                .build();
    }

    /** The output for rows, as the steps of one sequence. */
    private static INDArray output(MultiLayerNetwork network, INDArray rows) {
        INDArray sequence =
                rows.castTo(DataType.FLOAT).transpose().dup('c').reshape('c', 1, rows.size(1), rows.size(0));
        INDArray y = network.output(sequence);
        return y.reshape('c', y.size(1), y.size(2)).transpose();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora_r4_a16",
                "rslora_r8_a4",
                "dora_r3_a6",
                "lora_bias",
                "bias_all",
                "bias_lora_only",
                "modules_to_save"
            })
    void giveTheOutputsAndTheFilesOfTheReference(String name) throws Exception {
        Path folder = GoldenTest.folder(name);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(network(name, Activation.IDENTITY));
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        INDArray x = io.tensor("x");
        assertClose("y_base", output(lora.base(), x), io.tensor("y_base"), 1e-5);

        MultiLayerNetwork adapted = lora.load("a", folder.resolve("adapter"), new Sgd(1));

        assertClose("y_adapter", output(adapted, x), io.tensor("y_adapter"), 1e-5);
        assertClose("y_merged", output(lora.merge("a"), x), io.tensor("y_merged"), 1e-5);
        lora.save("a", written);
        SafeTensors expected = SafeTensors.read(folder.resolve("adapter/adapter_model.safetensors"));
        SafeTensors found = SafeTensors.read(written.resolve("adapter_model.safetensors"));
        assertThat(found.names()).isEqualTo(expected.names());
        for (String key : expected.names()) {
            assertThat(ArrayBits.equal(found.tensor(key), expected.tensor(key)))
                    .as(key)
                    .isTrue();
        }
    }

    @Test
    void trainAsTheReferenceDoes() throws Exception {
        Path folder = GoldenTest.folder("train_lora_adam");
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(network("train_lora_adam", Activation.SOFTMAX));
        // As in the cases of dense layers, ε is PyTorch's 1e-8 in these steps.
        MultiLayerNetwork adapted =
                lora.load("a", folder.resolve("adapter_initial"), new Adam(0.01, 0.9, 0.999, 5e-10));
        SafeTensors io = SafeTensors.read(folder.resolve("io.safetensors"));
        INDArray xs = io.tensor("X").castTo(DataType.FLOAT);
        INDArray classes = io.tensor("Y");
        for (int step = 0; step < xs.size(0); step++) {
            INDArray x = xs.slice(step).dup('c');
            INDArray y = Nd4j.zeros(DataType.FLOAT, x.size(0), 5, 1);
            for (int i = 0; i < x.size(0); i++) {
                y.putScalar(i, classes.getInt(step, i), 0, 1);
            }
            adapted.fit(x.reshape('c', x.size(0), INPUTS, 1), y);
        }
        LoRAAdapter reference = PeftAdapters.load(folder.resolve("adapter_trained"), lora);
        for (Map.Entry<String, LoRAWeights> entry : lora.adapter("a").weights().entrySet()) {
            LoRAWeights expected = Objects.requireNonNull(reference.weights().get(entry.getKey()));
            assertClose(entry.getKey(), entry.getValue().loraA(), expected.loraA(), 1e-4);
            assertClose(entry.getKey(), entry.getValue().loraB(), expected.loraB(), 1e-4);
        }
    }
}
