package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("numbers")
class TrainerTest {
    private final Network network = Models.dense(3, 5, 2);
    private final Batches data = Batches.random(1, DataType.FLOAT, 3, 2, 2, 2, 1);

    @ParameterizedTest
    @CsvSource({
        // epochs, maxIterations (0: not set); iterations, completed epochs, examples
        "0,  0, 3, 1, 5",
        "2,  0, 6, 2, 10",
        "0,  1, 1, 0, 2",
        "0,  3, 3, 1, 5",
        "0,  4, 4, 1, 7",
        "0,  6, 6, 2, 10",
        "1, 10, 3, 1, 5",
        "2,  2, 2, 0, 4",
        "2,  5, 5, 1, 9",
        "3,  6, 6, 2, 10"
    })
    void endsAfterTheEpochsOrTheIterationsWhicheverHappensFirst(
            int epochs, int maxIterations, long iterations, int completed, long examples) {
        Trainer.Builder builder = Trainer.builder(network);
        if (epochs > 0) {
            builder.epochs(epochs);
        }
        if (maxIterations > 0) {
            builder.maxIterations(maxIterations);
        }
        TrainingResult result = builder.build().fit(data);
        assertThat(result.iterations()).isEqualTo(iterations);
        assertThat(result.epochs()).isEqualTo(completed);
        assertThat(result.examples()).isEqualTo(examples);
        assertThat(result.finalLoss()).isFinite();
        assertThat(result.runningLoss()).isFinite();
        assertThat(result.duration()).isPositive();
    }

    @Test
    void theLossDecreases() {
        Batches separable = Batches.of(
                Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 1, 0}}),
                Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}}));
        double before = Trainer.builder(network.copy()).build().fit(separable).finalLoss();
        double after = Trainer.builder(network)
                .updater(new Adam(0.05))
                .epochs(100)
                .build()
                .fit(separable)
                .finalLoss();
        assertThat(after).isLessThan(0.05).isLessThan(before);
    }

    @Test
    void theFinalLossIsThatOfTheLastBatchBeforeTheLastStep() {
        Network copy = network.copy();
        Trainer.builder(copy).maxIterations(2).build().fit(data);
        INDArray output = copy.predict(data.get(2).getFeatures());
        double expected =
                Loss.softmaxCrossEntropy().compute(output, data.get(2).getLabels(), Nd4j.create(DataType.FLOAT, 1, 2));
        TrainingResult result = Trainer.builder(network).build().fit(data);
        assertThat(result.finalLoss()).isCloseTo(expected, within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void sameSeedGivesTheSameBits(DataType type) {
        List<double[]> first = trained(type);
        List<double[]> second = trained(type);
        for (int i = 0; i < first.size(); i++) {
            assertThat(second.get(i)).isEqualTo(first.get(i));
        }
    }

    private static List<double[]> trained(DataType type) {
        Network network = Models.dense(type, 7, 30, 40, 10);
        Trainer.builder(network).epochs(3).build().fit(Batches.random(5, type, 30, 10, 8, 8, 8, 3));
        return network.parameters().stream()
                .map(parameter -> Samples.bits(parameter.value()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"})
    void changesOnlyTrainableParameters(String trainable) {
        network.parameters()
                .forEach(parameter -> parameter.setTrainable(parameter.name().equals(trainable)));
        Network before = network.copy();
        Trainer.builder(network).updater(new Sgd(0.1)).epochs(2).build().fit(data);
        for (int i = 0; i < 4; i++) {
            Parameter parameter = network.parameters().get(i);
            double[] old = Samples.bits(before.parameters().get(i).value());
            if (parameter.isTrainable()) {
                assertThat(Samples.bits(parameter.value())).as(parameter.name()).isNotEqualTo(old);
            } else {
                assertThat(Samples.bits(parameter.value())).as(parameter.name()).isEqualTo(old);
            }
        }
    }

    @Test
    void startsEachFitWithANewUpdater() {
        Network once = network.copy();
        Trainer.builder(once).build().fit(data);
        Trainer.builder(once).build().fit(data);
        Trainer trainer = Trainer.builder(network).build();
        trainer.fit(data);
        trainer.fit(data);
        for (int i = 0; i < 4; i++) {
            assertThat(Samples.bits(network.parameters().get(i).value()))
                    .isEqualTo(Samples.bits(once.parameters().get(i).value()));
        }
    }

    @Test
    void minimizesTheSquaredErrorIfItIsTheLoss() {
        Network line = new Network(
                List.of(new Linear("l", Nd4j.zeros(DataType.DOUBLE, 1, 1), Nd4j.zeros(DataType.DOUBLE, 1))));
        Batches points = Batches.of(
                Nd4j.createFromArray(new double[][] {{0}, {1}, {2}}),
                Nd4j.createFromArray(new double[][] {{1}, {3}, {5}}));
        Trainer.builder(line)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.2))
                .epochs(300)
                .build()
                .fit(points);
        assertThat(line.linear("l").weight().getDouble(0)).isCloseTo(2, within(1e-6));
        assertThat(Objects.requireNonNull(line.linear("l").bias()).getDouble(0)).isCloseTo(1, within(1e-6));
    }

    @Test
    void acceptsDataWithoutResetForOneEpoch() {
        assertThat(Trainer.builder(network).build().fit(data.once()).iterations())
                .isEqualTo(3);
        assertThat(Trainer.builder(network)
                        .maxIterations(2)
                        .build()
                        .fit(data.once())
                        .iterations())
                .isEqualTo(2);
    }

    @Test
    void refusesDataWithoutResetForASecondEpoch() {
        String message = "the data must support reset for epoch 2, found " + Batches.class.getName()
                + ", which does not; train one epoch, or pass a list of batches";
        assertThatIllegalStateException()
                .isThrownBy(() -> Trainer.builder(network).epochs(2).build().fit(data.once()))
                .withMessage(message);
        assertThatIllegalStateException()
                .isThrownBy(
                        () -> Trainer.builder(network).maxIterations(4).build().fit(data.once()))
                .withMessage(message);
    }

    @Test
    void resetsTheDataAtTheStart() {
        data.next();
        assertThat(Trainer.builder(network).build().fit(data).iterations()).isEqualTo(3);
    }

    @Test
    void refusesAFrozenNetwork() {
        network.freeze();
        assertThatIllegalStateException()
                .isThrownBy(() -> Trainer.builder(network).build().fit(data))
                .withMessage("nothing to train: every parameter of " + network
                        + " is frozen; unfreeze the network, or register a LoRAParametrization");
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> Trainer.builder(network).build().fit(Batches.of()))
                        .says("the data must hold at least one batch, found none"),
                argument(() -> Trainer.builder(network)
                                .build()
                                .fit(Batches.of(Nd4j.create(DataType.FLOAT, 2, 4), Nd4j.create(DataType.FLOAT, 2, 2))))
                        .says("input: must be a matrix [n, 3] of FLOAT with n ≥ 1, found [2, 4] of FLOAT"));
    }

    @Test
    void refusesMasks() {
        DataSet features = data.get(0).copy();
        features.setFeaturesMaskArray(Nd4j.ones(2, 1));
        DataSet labels = data.get(0).copy();
        labels.setLabelsMaskArray(Nd4j.ones(2, 1));
        for (DataSet masked : List.of(features, labels)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Trainer.builder(network).build().fit(Batches.of(masked)))
                    .withMessage("a batch must have no masks, found one: dense networks do not use masks; remove it");
        }
    }

    @Test
    void refusesLabelsOfAnotherShape() {
        INDArray x = data.get(0).getFeatures();
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Trainer.builder(network).build().fit(Batches.of(x, Nd4j.create(DataType.FLOAT, 2, 3))))
                .withMessage("labels: must have the shape of the output, [2, 2], found [2, 3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network).build().fit(Batches.of(x, Nd4j.create(DataType.FLOAT, 2))))
                .withMessage("labels: must have the shape of the output, [2, 2], found [2]");
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 2, 'labels: must be probabilities of the classes, none negative, found -1.0 in row 1, column 0'",
        "1, 1, 'labels: each row must be probabilities of the classes, which sum to 1, found a sum of 2.0 in row 1'",
        "0, 0, 'labels: each row must be probabilities of the classes, which sum to 1, found a sum of 0.0 in row 1'"
    })
    void namesLabelsThatAreNoProbabilities(double first, double second, String message) {
        INDArray x = data.get(0).getFeatures();
        INDArray y = Nd4j.createFromArray(new double[][] {{0.25, 0.75}, {first, second}});
        double[] before = Samples.bits(network.linears().get(0).weight());
        for (INDArray labels : List.of(y, y.castTo(DataType.FLOAT).dup('f'), y.castTo(DataType.INT8))) {
            boolean rounded = labels.dataType() == DataType.INT8;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Trainer.builder(network).build().fit(Batches.of(x, labels)))
                    .withMessageStartingWith(rounded ? "labels: " : message);
        }
        assertThat(Samples.bits(network.linears().get(0).weight())).isEqualTo(before);
    }

    @Test
    void theSquaredErrorTakesAnyFiniteLabels() {
        INDArray x = data.get(0).getFeatures();
        TrainingResult result = Trainer.builder(network)
                .loss(Loss.meanSquaredError())
                .build()
                .fit(Batches.of(x, Nd4j.createFromArray(new float[][] {{-3, 5}, {0, 0}})));
        assertThat(result.iterations()).isEqualTo(1);
    }

    @Test
    void refusesABatchWithoutLabels() {
        DataSet unlabelled = new DataSet();
        unlabelled.setFeatures(data.get(0).getFeatures());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network).build().fit(Batches.of(unlabelled)))
                .withMessage("labels: must have the shape of the output, [2, 2], found none");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void refusesLessThanOneEpochOrIteration(int number) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network).epochs(number))
                .withMessage("epochs must be at least 1, found " + number);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network).maxIterations(number))
                .withMessage("maxIterations must be at least 1, found " + number);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN})
    void refusesAClipNormThatIsNotPositive(double norm) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network).clipNorm(norm))
                .withMessage("clipNorm must be positive, found " + norm);
    }
}
