package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** If a number is not finite, the training stops and restores the parameters of the last finite loss. */
class DivergenceTest {
    private final Network network = network();
    private final Batches data = Batches.random(1, DataType.FLOAT, 3, 2, 4, 4, 4, 4, 4);

    private static Network network() {
        return Models.dense(3, 5, 2);
    }

    private static DivergedException diverge(Trainer trainer, Batches batches) {
        return catchThrowableOfType(DivergedException.class, () -> trainer.fit(batches));
    }

    private static void assertSame(Network actual, Network expected) {
        for (int i = 0; i < expected.parameters().size(); i++) {
            Parameter parameter = expected.parameters().get(i);
            assertThat(Samples.bits(actual.parameters().get(i).value()))
                    .as(parameter.name())
                    .isEqualTo(Samples.bits(parameter.value()));
        }
    }

    /** Returns the batches with another batch at an index. */
    private Batches with(int index, DataSet other) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < data.count(); i++) {
            all.add(i == index ? other : data.get(i));
        }
        return Batches.of(all.toArray(new DataSet[0]));
    }

    private DataSet withFeature(double value) {
        DataSet batch = data.get(3).copy();
        batch.getFeatures().putScalar(1, 2, value);
        return batch;
    }

    private void assertParametersAfter(int steps) {
        Network expected = network();
        if (steps > 0) {
            Trainer.builder(expected).maxIterations(steps).build().fit(data);
        }
        assertSame(network, expected);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void isReportedForTheInput(double value) {
        DivergedException e = diverge(Trainer.builder(network).build(), with(3, withFeature(value)));
        assertThat(e.iteration()).isEqualTo(4);
        assertThat(e.place()).isEqualTo("input");
        assertThat(e)
                .hasMessageStartingWith("the loss must be finite, found ")
                .hasMessageEndingWith(" at iteration 4; the first values that are not finite are in input; "
                        + "the parameters are those of the last finite loss");
        // The last finite loss is that of step 3. It was computed with the parameters after two steps.
        assertParametersAfter(2);
    }

    @Test
    void inTheFirstStepChangesNoParameter() {
        DivergedException e = diverge(Trainer.builder(network).build(), with(0, withFeature(Double.NaN)));
        assertThat(e.iteration()).isEqualTo(1);
        assertParametersAfter(0);
    }

    @Test
    void isReportedForTheLabels() {
        DataSet batch = data.get(3).copy();
        batch.getLabels().putScalar(0, 0, Double.NaN);
        DivergedException e = diverge(Trainer.builder(network).build(), with(3, batch));
        assertThat(e.iteration()).isEqualTo(4);
        assertThat(e.place()).isEqualTo("labels");
        assertParametersAfter(2);
    }

    @Test
    void isReportedForTheLossIfTheLabelsAreIntegers() {
        Loss loss = (output, labels, gradient) -> Double.NaN;
        DataSet first = data.get(0);
        DataSet integers = new DataSet(first.getFeatures(), first.getLabels().castTo(DataType.INT32));
        DivergedException e = diverge(Trainer.builder(network).loss(loss).build(), Batches.of(integers));
        assertThat(e.place()).isEqualTo("loss");
    }

    @Test
    void isReportedForTheLayerThatOverflowsFirst() {
        DivergedException e =
                diverge(Trainer.builder(network).updater(new Sgd(1e38)).build(), data);
        assertThat(e.place()).isIn("linear1", "linear2");
        assertThat(e.iteration()).isGreaterThan(1);
        for (Parameter parameter : network.parameters()) {
            for (double value : Samples.bits(parameter.value())) {
                assertThat(value).as(parameter.name()).isFinite();
            }
        }
        DataSet batch = data.get((int) (e.iteration() - 2));
        assertThat(Loss.softmaxCrossEntropy()
                        .compute(
                                network.predict(batch.getFeatures()),
                                batch.getLabels(),
                                Nd4j.create(DataType.FLOAT, 4, 2)))
                .isFinite();
    }

    @Test
    void withATooLargeLearningRateRestoresTheParametersOfTheLastFiniteLoss() {
        IUpdater updater = new Sgd(1e20);
        DivergedException e = diverge(Trainer.builder(network).updater(updater).build(), data);
        assertThat(e.place()).isIn("linear1", "linear2");
        Network expected = network();
        long steps = e.iteration() - 2;
        if (steps > 0) {
            Trainer.builder(expected)
                    .updater(updater)
                    .maxIterations(steps)
                    .build()
                    .fit(data);
        }
        assertSame(network, expected);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void isReportedForTheLastUpdate(double value) {
        int[] calls = {0};
        // The gradient of the third step is not finite; all numbers before are.
        Loss loss = (output, labels, gradient) -> {
            double result = Loss.softmaxCrossEntropy().compute(output, labels, gradient);
            if (++calls[0] == 3) {
                gradient.assign(value);
            }
            return result;
        };
        DivergedException e = diverge(
                Trainer.builder(network)
                        .loss(loss)
                        .updater(new Sgd(0.1))
                        .maxIterations(3)
                        .build(),
                data);
        assertThat(e.iteration()).isEqualTo(3);
        assertThat(e.place()).isEqualTo("linear1.weight");
        assertThat(e)
                .hasMessage(
                        "linear1.weight: must be finite after the last update, found NaN or an infinity at iteration 3; "
                                + "the parameters are those of the last finite loss");
        Network expected = network();
        Trainer.builder(expected).updater(new Sgd(0.1)).maxIterations(2).build().fit(data);
        assertSame(network, expected);
    }

    @Test
    void doesNotChangeFrozenParameters() {
        network.linear("linear1").weightParameter().setTrainable(false);
        double[] before = Samples.bits(network.linear("linear1").weight());
        diverge(Trainer.builder(network).updater(new Sgd(1e38)).build(), data);
        assertThat(Samples.bits(network.linear("linear1").weight())).isEqualTo(before);
    }

    @Test
    void doesNotCallOnEnd() {
        List<String> events = new ArrayList<>();
        DivergedException e = diverge(
                Trainer.builder(network)
                        .updater(new Adam(1e-3))
                        .listener(new TrainingListener() {
                            @Override
                            public void onIteration(Iteration iteration) {
                                events.add("iteration " + iteration.iteration());
                            }

                            @Override
                            public void onEnd(TrainingResult result) {
                                events.add("end");
                            }
                        })
                        .build(),
                with(2, withFeature(Double.NaN)));
        assertThat(e.iteration()).isEqualTo(3);
        assertThat(events).containsExactly("iteration 1", "iteration 2");
    }
}
