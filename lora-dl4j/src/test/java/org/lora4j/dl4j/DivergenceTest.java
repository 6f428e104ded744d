package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.train.DivergedException;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A batch that is not finite ends a training, and changes nothing. */
class DivergenceTest {
    private static final DataType FLOAT = DataType.FLOAT;

    private final MultiLayerNetwork base = Networks.dense(FLOAT);
    private final LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);

    private static DataSet data() {
        return new DataSet(Networks.normal(FLOAT, 1, 4, 5), Networks.labels(FLOAT, 4, 3));
    }

    private static DataSet bad(boolean inLabels) {
        DataSet data = data();
        (inLabels ? data.getLabels() : data.getFeatures()).putScalar(2, 1, Double.NaN);
        return data;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingChangesAndTheTrainingCanGoOn(boolean inLabels) {
        LoRAConfig config = Networks.config(2, "first", "head");
        MultiLayerNetwork network = lora.add("a", config, new Adam(0.01));
        MultiLayerNetwork undisturbed = lora.add("b", config, new Adam(0.01));
        network.fit(data());
        INDArray before = network.params().dup();
        INDArray state = network.getUpdater().getStateViewArray().dup();
        DivergedException e = catchThrowableOfType(DivergedException.class, () -> network.fit(bad(inLabels)));
        assertThat(e)
                .hasMessage(
                        "head: the gradients of the adapter must be finite, found NaN or an infinity at iteration 2;"
                                + " look for such values in the batch, or lower the learning rate. The parameters and the state"
                                + " of their updater are those before this iteration");
        assertThat(e.iteration()).isEqualTo(2);
        assertThat(e.place()).isEqualTo("head");
        assertThat(network.params().equalsWithEps(before, 0)).isTrue();
        assertThat(network.getUpdater().getStateViewArray().equalsWithEps(state, 0))
                .isTrue();
        network.fit(data());
        undisturbed.fit(data());
        undisturbed.fit(data());
        assertThat(network.params().equalsWithEps(undisturbed.params(), 0)).isTrue();
    }

    /** The gradient of a hinge is finite where the loss is not. */
    @Test
    void findsALossThatIsNotFinite() {
        MultiLayerNetwork other = Networks.of(
                FLOAT,
                InputType.feedForward(5),
                Networks.dense("first", 6),
                new OutputLayer.Builder(LossFunction.L1)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.IDENTITY)
                        .build());
        MultiLayerNetwork network = LoRANetwork.of(other).add("a", Networks.config(2, "first", "head"), new Adam(0.01));
        DataSet data = data();
        data.getLabels().putScalar(1, 1, Double.POSITIVE_INFINITY);
        INDArray before = network.params().dup();
        assertThatThrownBy(() -> network.fit(data))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("the loss must be finite, found Infinity at iteration 1;");
        assertThat(network.params().equalsWithEps(before, 0)).isTrue();
        assertThat(network.score(data)).isInfinite();
    }

    @Test
    void findsItInADisabledAdapterByTheLossOnly() {
        MultiLayerNetwork network = lora.add("a", Networks.config(2, "first"), new Adam(0.01));
        lora.setEnabled("a", false);
        assertThatThrownBy(() -> network.fit(bad(false)))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("the loss must be finite");
    }

    @Test
    void endsTheTrainingOfAGraph() {
        ComputationGraphConfiguration conf = Networks.builder(FLOAT)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(5))
                .addLayer("first", new DenseLayer.Builder().nOut(6).build(), "in")
                .addLayer("head", Networks.output("head", 3), "first")
                .setOutputs("head")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        ComputationGraph network = LoRANetwork.of(graph).add("a", Networks.config(2, "first"), new Adam(0.01));
        INDArray before = network.params().dup();
        assertThatThrownBy(() -> network.fit(bad(false)))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("first: the gradients of the adapter must be finite");
        assertThat(network.params().equalsWithEps(before, 0)).isTrue();
        network.fit(data());
        assertThat(network.params().equalsWithEps(before, 0)).isFalse();
    }

    @Test
    void endsATruncatedTrainingInTime() {
        MultiLayerNetwork recurrent = new MultiLayerNetwork(Networks.builder(FLOAT)
                .list()
                .layer(new LSTM.Builder().name("lstm").nOut(4).build())
                .layer(Networks.rnnOutput("head", 3))
                .setInputType(InputType.recurrent(3))
                .backpropType(BackpropType.TruncatedBPTT)
                .tBPTTLength(2)
                .build());
        recurrent.init();
        LoRANetwork<MultiLayerNetwork> ofRecurrent = LoRANetwork.of(recurrent);
        MultiLayerNetwork network = ofRecurrent.add("a", Networks.config(2, "lstm.W"), new Adam(0.01));
        INDArray x = Networks.normal(FLOAT, 1, 2, 3, 6);
        INDArray y = Networks.sequenceLabels(FLOAT, 2, 3, 6);
        INDArray withNaN = x.dup();
        withNaN.putScalar(new int[] {0, 0, 5}, Double.NaN);
        assertThatThrownBy(() -> network.fit(new DataSet(withNaN, y))).isInstanceOf(DivergedException.class);
        network.fit(new DataSet(x, y));
        assertThat(ofRecurrent.merge("a").output(x).distance2(network.output(x)))
                .isLessThan(1e-5);
    }
}
