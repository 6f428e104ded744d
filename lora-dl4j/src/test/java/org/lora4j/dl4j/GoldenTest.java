package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Cases that the real PEFT and PyTorch made: outputs, merged weights and trainings of convolutions and embeddings. */
@Tag("numbers")
class GoldenTest {
    private static final DataType FLOAT = DataType.FLOAT;

    @TempDir
    private Path written;

    static Path folder(String name) throws Exception {
        return Path.of(GoldenTest.class.getResource("/golden/" + name).toURI());
    }

    /** The output layer gives the logits, as the cases do: its loss applies the softmax in the trainings only. */
    private static OutputLayer head(String name, int out, Activation activation) {
        boolean isTrained = activation == Activation.SOFTMAX;
        return new OutputLayer.Builder(isTrained ? LossFunctions.LossFunction.MCXENT : LossFunctions.LossFunction.MSE)
                .name(name)
                .nOut(out)
                .activation(activation)
                .build();
    }

    private static Layer dense(String name, int out) {
        return new DenseLayer.Builder()
                .name(name)
                .nOut(out)
                .activation(Activation.RELU)
                .build();
    }

    private static Layer conv(CNN2DFormat format, String name, int out, int stride, int padding, int dilation) {
        return new ConvolutionLayer.Builder(3, 3)
                .name(name)
                .nOut(out)
                .stride(stride, stride)
                .padding(padding, padding)
                .dilation(dilation, dilation)
                .activation(name.equals("conv1") ? Activation.RELU : Activation.IDENTITY)
                .dataFormat(format)
                .build();
    }

    private static MultiLayerNetwork network(String name, CNN2DFormat format, Activation activation) throws Exception {
        MultiLayerNetwork network;
        if (!name.startsWith("conv") && !name.startsWith("embedding")) {
            network = Networks.of(
                    FLOAT,
                    InputType.feedForward(12),
                    dense("linear1", 16),
                    dense("linear2", 9),
                    head("linear3", 5, activation));
        } else if (name.startsWith("embedding")) {
            network = Networks.of(
                    FLOAT,
                    InputType.recurrent(20, 7),
                    new EmbeddingSequenceLayer.Builder()
                            .name("embedding")
                            .nIn(20)
                            .nOut(10)
                            .inputLength(7)
                            .activation(Activation.IDENTITY)
                            .build(),
                    new GlobalPoolingLayer(PoolingType.AVG),
                    head("linear", 4, activation));
        } else {
            int dilation = name.equals("conv2d_dilated") ? 2 : 1;
            int padding = name.equals("conv2d_dora") ? 1 : 0;
            network = Networks.of(
                    FLOAT,
                    InputType.convolutional(11, 9, 3, format),
                    conv(format, "conv1", 8, 2, 1, 1),
                    conv(format, "conv2", 6, 1, padding, dilation),
                    head("head", 4, activation));
        }
        load(network, name);
        return network;
    }

    /** Sets the parameters by way of the base layers, whose arrays are views of DL4J's. */
    static void load(MultiLayerNetwork network, String name) throws Exception {
        SafeTensors tensors = SafeTensors.read(folder(name).resolve("base.safetensors"));
        for (BaseLayer layer : LoRANetwork.of(network).baseLayers()) {
            layer.weight().assign(tensors.tensor(layer.path() + ".weight"));
            INDArray bias = layer.bias();
            if (bias != null && tensors.names().contains(layer.path() + ".bias")) {
                bias.assign(tensors.tensor(layer.path() + ".bias"));
            }
        }
    }

    static void assertClose(String what, INDArray found, INDArray expected, double tolerance) {
        assertThat(found.shape()).as(what).isEqualTo(expected.shape());
        assertThat(Differences.greatest(found, expected)).as(what).isLessThan(tolerance);
    }

    private static INDArray x(SafeTensors io, String key) throws IOException {
        return io.tensor(key).castTo(FLOAT);
    }

    @ParameterizedTest
    @CsvSource({
        "conv2d_lora, NCHW",
        "conv2d_dilated, NCHW",
        "conv2d_dora, NCHW",
        "embedding_lora, NCHW",
        "lora_r4_a16, NCHW",
        "rslora_r8_a4, NCHW",
        "dora_r3_a6, NCHW",
        "lora_bias, NCHW",
        "bias_all, NCHW",
        "bias_lora_only, NCHW",
        "modules_to_save, NCHW",
    })
    void givesTheOutputsAndTheFilesOfTheReference(String name, CNN2DFormat format) throws Exception {
        MultiLayerNetwork base = network(name, format, Activation.IDENTITY);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        SafeTensors io = SafeTensors.read(folder(name).resolve("io.safetensors"));
        INDArray x = x(io, "x");
        assertClose("y_base", base.output(x), io.tensor("y_base"), 1e-5);

        MultiLayerNetwork adapted = lora.load("a", folder(name).resolve("adapter"), new Sgd(1));

        // PEFT cannot compute the dilated case with an active adapter; see the cases' page.
        INDArray expected = io.tensor(io.names().contains("y_adapter") ? "y_adapter" : "y_merged");
        assertClose("y_adapter", adapted.output(x), expected, 1e-5);
        assertClose("y_merged", lora.merge("a").output(x), io.tensor("y_merged"), 1e-5);
        lora.setEnabled("a", false);
        Networks.assertSameBits(adapted.output(x), base.output(x));
        assertMerged(lora, io);
        assertSameFiles(lora, name);
    }

    private static void assertMerged(LoRANetwork<MultiLayerNetwork> lora, SafeTensors io) throws IOException {
        LoRANetwork<MultiLayerNetwork> merged = LoRANetwork.of(lora.merge("a"));
        for (BaseLayer layer : merged.baseLayers()) {
            String key = "merged." + layer.path() + ".weight";
            if (io.names().contains(key)) {
                assertClose(key, layer.weight(), io.tensor(key), 1e-5);
            }
        }
    }

    private void assertSameFiles(LoRANetwork<MultiLayerNetwork> lora, String name) throws Exception {
        lora.save("a", written);
        SafeTensors expected = SafeTensors.read(folder(name).resolve("adapter/adapter_model.safetensors"));
        SafeTensors found = SafeTensors.read(written.resolve("adapter_model.safetensors"));
        assertThat(found.names()).isEqualTo(expected.names());
        for (String key : expected.names()) {
            assertThat(ArrayBits.equal(found.tensor(key), expected.tensor(key)))
                    .as(key)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"conv1d_lora", "conv2d_rect"})
    void givesTheOutputsOfASingleConvolution(String name) throws Exception {
        boolean isFlat = name.equals("conv1d_lora");
        MultiLayerNetwork base = isFlat ? single1d(RNNFormat.NCW) : single2d(CNN2DFormat.NCHW);
        load(base, name);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        SafeTensors io = SafeTensors.read(folder(name).resolve("io.safetensors"));
        INDArray x = x(io, "x");
        assertClose("y_base", base.output(x), io.tensor("y_base"), 1e-5);
        MultiLayerNetwork adapted = lora.load("a", folder(name).resolve("adapter"), new Sgd(1));
        assertClose("y_adapter", adapted.output(x), io.tensor("y_adapter"), 1e-5);
        assertClose("y_merged", lora.merge("a").output(x), io.tensor("y_merged"), 1e-5);
        assertMerged(lora, io);
        assertSameFiles(lora, name);

        MultiLayerNetwork channelsLast = isFlat ? single1d(RNNFormat.NWC) : single2d(CNN2DFormat.NHWC);
        load(channelsLast, name);
        int[] toLast = isFlat ? new int[] {0, 2, 1} : new int[] {0, 2, 3, 1};
        MultiLayerNetwork last =
                LoRANetwork.of(channelsLast).load("a", folder(name).resolve("adapter"), new Sgd(1));
        INDArray y = last.output(x.permute(toLast).dup('c'));
        assertClose("channels last", y, io.tensor("y_adapter").permute(toLast), 1e-5);
    }

    private static MultiLayerNetwork single1d(RNNFormat format) {
        return single(new Convolution1DLayer.Builder(3)
                .name("conv")
                .nIn(4)
                .nOut(6)
                .padding(1)
                .activation(Activation.IDENTITY)
                .rnnDataFormat(format)
                .build());
    }

    private static MultiLayerNetwork single2d(CNN2DFormat format) {
        return single(new ConvolutionLayer.Builder(5, 3)
                .name("conv")
                .nIn(4)
                .nOut(5)
                .stride(1, 2)
                .padding(2, 1)
                .hasBias(false)
                .activation(Activation.IDENTITY)
                .dataFormat(format)
                .build());
    }

    private static MultiLayerNetwork single(Layer layer) {
        NeuralNetConfiguration.ListBuilder list = Networks.builder(FLOAT).list().layer(layer);
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        return network;
    }

    @ParameterizedTest
    @ValueSource(strings = {"train_lora_adam", "train_rslora_adam", "train_dora_adam"})
    void trainsDenseLayersAsTheReferenceDoes(String name) throws Exception {
        // ND4J adds ε before it corrects the bias of the second moment, PyTorch after it. In these steps, this ε is
        // PyTorch's 1e-8.
        trains(name, new Adam(0.01, 0.9, 0.999, 5e-10), 6);
    }

    @Test
    void trainsConvolutionsAsTheReferenceDoes() throws Exception {
        trains("conv2d_train_adam", new Adam(0.02), 5);
    }

    @Test
    void trainsEmbeddingsAsTheReferenceDoes() throws Exception {
        trains("embedding_train_sgd", new Sgd(0.3), 6);
    }

    private void trains(String name, IUpdater updater, int batch) throws Exception {
        MultiLayerNetwork base = network(name, CNN2DFormat.NCHW, Activation.SOFTMAX);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        MultiLayerNetwork adapted = lora.load("a", folder(name).resolve("adapter_initial"), updater);
        SafeTensors io = SafeTensors.read(folder(name).resolve("io.safetensors"));
        INDArray xs = x(io, "X");
        int[] classes =
                io.tensor("Y").castTo(DataType.INT32).dup('c').reshape(-1).toIntVector();
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < xs.size(0); step++) {
            INDArray labels =
                    Nd4j.zeros(FLOAT, batch, base.output(xs.slice(0).dup('c')).columns());
            for (int i = 0; i < batch; i++) {
                labels.putScalar(i, classes[step * batch + i], 1);
            }
            adapted.fit(xs.slice(step).dup('c'), labels);
            losses.add(adapted.score());
        }
        INDArray expected = io.tensor("losses");
        for (int step = 0; step < losses.size(); step++) {
            assertThat(losses.get(step)).as("loss " + step).isCloseTo(expected.getDouble(step), within(1e-4));
        }
        LoRAAdapter trained = PeftAdapters.load(folder(name).resolve("adapter_trained"), lora);
        for (Map.Entry<String, LoRAWeights> entry : lora.adapter("a").weights().entrySet()) {
            LoRAWeights reference = Objects.requireNonNull(trained.weights().get(entry.getKey()));
            assertClose(entry.getKey(), entry.getValue().loraA(), reference.loraA(), 1e-4);
            assertClose(entry.getKey(), entry.getValue().loraB(), reference.loraB(), 1e-4);
        }
    }

    private static Offset<Double> within(double offset) {
        return Offset.offset(offset);
    }
}
