package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Small networks of DL4J and data for them. */
final class Networks {
    private Networks() {}

    static NeuralNetConfiguration.Builder builder(DataType type) {
        return new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(type)
                .updater(new Sgd(1))
                .weightInit(WeightInit.XAVIER)
                .activation(Activation.TANH);
    }

    static MultiLayerNetwork of(DataType type, InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = builder(type).list();
        List.of(layers).forEach(list::layer);
        MultiLayerNetwork network =
                new MultiLayerNetwork(list.setInputType(input).build());
        network.init();
        return network;
    }

    /** Compares every bit, which {@code INDArray.equals} does not. */
    static void assertSameBits(INDArray actual, INDArray expected) {
        assertThat(ArrayBits.equal(actual, expected))
                .as("%s must have the bits of %s", actual, expected)
                .isTrue();
    }

    static DenseLayer dense(String name, int out) {
        return new DenseLayer.Builder().name(name).nOut(out).build();
    }

    static OutputLayer output(String name, int out) {
        return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .name(name)
                .nOut(out)
                .activation(Activation.SOFTMAX)
                .build();
    }

    static RnnOutputLayer rnnOutput(String name, int out) {
        return new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .name(name)
                .nOut(out)
                .activation(Activation.SOFTMAX)
                .build();
    }

    /** 5 → 6 → 4 → 3. */
    static MultiLayerNetwork dense(DataType type) {
        return of(type, InputType.feedForward(5), dense("first", 6), dense("second", 4), output("head", 3));
    }

    static LoRAConfig config(int rank, String... targets) {
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules(targets)
                .seed(3)
                .build();
    }

    /** Standard normal numbers. */
    static INDArray normal(DataType type, long seed, long... shape) {
        Nd4j.getRandom().setSeed(seed);
        return Nd4j.randn(type, shape);
    }

    /** One class for each row. */
    static INDArray labels(DataType type, int rows, int classes) {
        INDArray labels = Nd4j.zeros(type, rows, classes);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, (i * 5 + 1) % classes, 1);
        }
        return labels;
    }

    /** One class for each step of each sequence, {@code [n, classes, length]}. */
    static INDArray sequenceLabels(DataType type, int n, int classes, int length) {
        INDArray labels = Nd4j.zeros(type, n, classes, length);
        for (int i = 0; i < n; i++) {
            for (int t = 0; t < length; t++) {
                labels.putScalar(i, (i + 2 * t) % classes, t, 1);
            }
        }
        return labels;
    }

    /** Gives all arrays of an adapter other values than those at its initialization. */
    static void disturb(INDArray params) {
        params.addi(normal(params.dataType(), 11, params.shape()).muli(0.3));
    }
}
