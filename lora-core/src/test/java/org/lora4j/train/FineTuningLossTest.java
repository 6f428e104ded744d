package org.lora4j.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The losses for several labels and for pairs. The expected numbers are those of PyTorch 2 in double. */
@Tag("numbers")
class FineTuningLossTest {
    private static final Loss MULTI_LABEL = Loss.multiLabel();

    private static INDArray matrix(double[]... rows) {
        return Nd4j.createFromArray(rows);
    }

    private static double value(Loss loss, INDArray output, INDArray labels) {
        return loss.compute(output, labels, Nd4j.create(output.dataType(), output.shape()));
    }

    @Test
    void multiLabelIsThatOfPyTorch() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 2, 3);
        double loss = MULTI_LABEL.compute(
                matrix(new double[] {0.3, -1.2, 2.0}, new double[] {-0.5, 0.0, 1.5}),
                matrix(new double[] {1, 0, 1}, new double[] {0, 0.25, 1}),
                gradient);
        assertThat(loss).isCloseTo(0.3855338609287225, within(1e-15));
        assertThat(Samples.bits(gradient))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(
                        -0.07092624719805683,
                        0.03857920275016373,
                        -0.01986715367035295,
                        0.0629234447996909,
                        0.041666666666666664,
                        -0.030404253967726058);
    }

    /** With the weights 0.5, 3, 0 of the three labels. */
    @Test
    void weightsOfPositiveLabelsAreThoseOfPyTorch() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 2, 3);
        INDArray output = matrix(new double[] {0.3, -1.2, 2.0}, new double[] {-0.5, 0.0, 1.5});
        INDArray labels = matrix(new double[] {1, 0, 1}, new double[] {0, 0.25, 1});
        double loss = Loss.multiLabel(0.5, 3, 0).compute(output, labels, gradient);
        assertThat(loss).isCloseTo(0.3423763074320532, within(1e-15));
        assertThat(Samples.bits(gradient))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(-0.035463123599028416, 0.03857920275016373, 0, 0.0629234447996909, 0, 0);
        INDArray same = Nd4j.create(DataType.DOUBLE, 2, 3);
        assertThat(Loss.multiLabel(1, 1, 1).compute(output, labels, gradient))
                .isCloseTo(MULTI_LABEL.compute(output, labels, same), within(1e-15));
        assertThat(gradient.distance2(same)).isLessThan(1e-15);
        assertThat(Loss.multiLabel(0.5, 3)).hasToString("WeightedSigmoidCrossEntropy[0.5, 3.0]");
    }

    @Test
    void weightsOfPositiveLabelsHaveTheGradientOfFiniteDifferences() {
        Loss loss = Loss.multiLabel(0.5, 3, 0, 1, 20);
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 6, 5).muli(3);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 6, 5).gt(0.3).castTo(DataType.DOUBLE);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 5);
        loss.compute(output, labels, gradient);
        FiniteDifferences.assertGradient("output", () -> value(loss, output, labels), output, gradient);
        assertThat(value(loss, matrix(new double[] {1e4, -1e4, 1e4, -1e4, 1e4}), matrix(new double[] {1, 1, 0, 0, 0})))
                .isEqualTo((3e4 + 1e4 + 1e4) / 5);
    }

    @Test
    void refusesWeightsThatDoNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> value(Loss.multiLabel(1, 2), Nd4j.zeros(1, 3), Nd4j.zeros(1, 3)))
                .withMessage("weights: there must be one for each of the 3 classes, found 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.multiLabel(1, -2))
                .withMessageContaining("found -2.0 for class 1");
        Trainer trainer = Trainer.builder(Models.dense(4, 3))
                .loss(Loss.multiLabel(1, 1, 1))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer.fit(List.of(new Batch(
                        Input.of(Samples.gaussian(1, DataType.FLOAT, 1, 4)), matrix(new double[] {0, 2, 1})))))
                .withMessageContaining("labels: must be between 0 and 1, found 2.0");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void multiLabelDoesNotOverflow(DataType type) {
        INDArray gradient = Nd4j.create(type, 1, 4);
        double loss = MULTI_LABEL.compute(
                matrix(new double[] {1e4, -1e4, 1e4, -1e4}).castTo(type),
                matrix(new double[] {0, 1, 1, 0}).castTo(type),
                gradient);
        assertThat(loss).isEqualTo(5e3);
        assertThat(Samples.bits(gradient)).containsExactly(0.25, -0.25, 0, 0);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void multiLabelOfNumbersThatAreNotFiniteIsNotFinite(double bad) {
        assertThat(value(MULTI_LABEL, matrix(new double[] {0, bad}), matrix(new double[] {0, 0})))
                .isNotFinite();
        assertThat(value(MULTI_LABEL, matrix(new double[] {0, 1}), matrix(new double[] {0, bad})))
                .isNotFinite();
    }

    static Stream<Loss> losses() {
        return Stream.of(
                MULTI_LABEL, Loss.inBatchNegatives(1), Loss.inBatchNegatives(20), Loss.inBatchNegatives(20, 1));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void theGradientEqualsFiniteDifferences(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 6, 5);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 6, 5);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 5);
        loss.compute(output, labels, gradient);
        assertThat(gradient.norm2Number().doubleValue()).isGreaterThan(1e-2);
        FiniteDifferences.assertGradient("output", () -> value(loss, output, labels), output, gradient);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void acceptsEveryMemoryOrderAndManyColumns(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 6, 700);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 6, 700);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 700);
        double expected = loss.compute(output, labels, gradient);
        INDArray view =
                Nd4j.create(DataType.DOUBLE, 8, 702).get(NDArrayIndex.interval(1, 7), NDArrayIndex.interval(2, 702));
        INDArray columns = Nd4j.create(DataType.DOUBLE, new long[] {6, 700}, 'f');
        for (INDArray result : new INDArray[] {view, columns}) {
            assertThat(loss.compute(output.dup('f'), labels.dup('f'), result)).isEqualTo(expected);
            assertThat(Samples.bits(result)).isEqualTo(Samples.bits(gradient));
        }
        INDArray before = Samples.gaussian(1, DataType.DOUBLE, 6, 700);
        assertThat(output).isEqualTo(before);
    }

    private static INDArray pairs() {
        return matrix(
                new double[] {1, 2, -1},
                new double[] {0.5, -0.3, 0.8},
                new double[] {-1.5, 0.2, 0.1},
                new double[] {0.9, 0.1, -0.4},
                new double[] {0.1, 0.9, 1.0},
                new double[] {0.7, 0.6, -0.2});
    }

    @Test
    void inBatchNegativesIsThatOfSentenceTransformers() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 3);
        double loss = Loss.inBatchNegatives(5).compute(pairs(), pairs(), gradient);
        assertThat(loss).isCloseTo(1.878554502166982, within(1e-14));
        assertThat(Samples.bits(gradient))
                .usingComparatorWithPrecision(1e-14)
                .containsExactly(
                        -0.167660676869737,
                        0.17774001959040212,
                        0.18781936231106733,
                        0.3810101283610551,
                        -0.1873661250163942,
                        -0.3083936271068072,
                        0.05432802900127354,
                        -0.07295158684275936,
                        0.9608236087046212,
                        0.3104714522302904,
                        -1.1099460610313163,
                        0.42107425226032413,
                        -1.3101838956929253,
                        0.3058139428239279,
                        -0.14421415897224263,
                        0.566869849703808,
                        -0.6740993060377248,
                        -0.03825344414984844);
        assertThat(value(Loss.inBatchNegatives(20), pairs(), pairs())).isCloseTo(6.786199008146802, within(1e-14));
    }

    @Test
    void inBatchNegativesDoesNotDependOnTheLengthOfAVector() {
        INDArray longer = pairs();
        longer.getRow(1).muli(1e3);
        longer.getRow(5).muli(1e-3);
        assertThat(value(Loss.inBatchNegatives(20), longer, longer))
                .isCloseTo(value(Loss.inBatchNegatives(20), pairs(), pairs()), within(1e-12));
    }

    @Test
    void inBatchNegativesOfAZeroVectorIsFinite() {
        INDArray zero = pairs();
        zero.getRow(1).assign(0);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 3);
        assertThat(Loss.inBatchNegatives(20).compute(zero, zero, gradient)).isFinite();
        assertThat(gradient.norm2Number().doubleValue()).isFinite();
    }

    @Test
    void inBatchNegativesOfAHugeScaleDoesNotOverflow() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 6, 3);
        assertThat(Loss.inBatchNegatives(1e6).compute(pairs(), pairs(), gradient))
                .isFinite();
        assertThat(gradient.norm2Number().doubleValue()).isFinite();
    }

    /** −1/n · Σᵢ log softmax of the cosines with all candidates, written out. */
    @Test
    void hardNegativesAreCandidatesOfAllAnchors() {
        double[][] rows = pairs().toDoubleMatrix();
        double loss = 0;
        for (int i = 0; i < 2; i++) {
            double sum = 0;
            for (int j = 2; j < 6; j++) {
                sum += Math.exp(5 * cosine(rows[i], rows[j]));
            }
            loss += Math.log(sum) - 5 * cosine(rows[i], rows[2 + i]);
        }
        assertThat(value(Loss.inBatchNegatives(5, 1), pairs(), pairs())).isCloseTo(loss / 2, within(1e-13));
        assertThat(value(Loss.inBatchNegatives(5, 0), pairs(), pairs()))
                .isEqualTo(value(Loss.inBatchNegatives(5), pairs(), pairs()));
    }

    /** The second question is the first one again, so both answers belong to both; the negative of the third one too. */
    @Test
    void anotherTextOfTheSameAnchorIsNoNegative() {
        INDArray output = Samples.gaussian(3, DataType.DOUBLE, 9, 5);
        boolean[][] belongs = new boolean[3][6];
        belongs[0][1] = true;
        belongs[1][0] = true;
        belongs[1][5] = true;
        INDArray known = requireNonNull(
                new Batch(Input.of(output), null).withPositives(belongs).labels());
        Loss loss = Loss.inBatchNegatives(5, 1);
        double[][] rows = output.toDoubleMatrix();
        double expected = 0;
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int j = 0; j < 6; j++) {
                sum += belongs[i][j] ? 0 : Math.exp(5 * cosine(rows[i], rows[3 + j]));
            }
            expected += Math.log(sum) - 5 * cosine(rows[i], rows[3 + i]);
        }
        assertThat(value(loss, output, known)).isCloseTo(expected / 3, within(1e-13));
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 9, 5);
        loss.compute(output, known, gradient);
        FiniteDifferences.assertGradient("output", () -> value(loss, output, known), output, gradient);
        assertThat(value(loss, output, Nd4j.createFromArray(new boolean[3][6]))).isEqualTo(value(loss, output, output));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loss.compute(output, Nd4j.createFromArray(new boolean[3][3]), gradient))
                .withMessageContaining("[3, 6], found [3, 3]; create the batch with Batch.withPositives");
    }

    private static double cosine(double[] a, double[] b) {
        double product = 0;
        double normA = 0;
        double normB = 0;
        for (int k = 0; k < a.length; k++) {
            product += a[k] * b[k];
            normA += a[k] * a[k];
            normB += b[k] * b[k];
        }
        return product / Math.sqrt(normA * normB);
    }

    @Test
    void hardNegativesNeedThreeTextsForEachAnchor() {
        INDArray four = Samples.gaussian(1, DataType.DOUBLE, 4, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> value(Loss.inBatchNegatives(20, 1), four, four))
                .withMessage(
                        "a batch of anchors with 1 negatives must have 3n rows, n anchors, then the positive of each,"
                                + " then their negatives, found 4; create it with Batch.ofTriples");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.inBatchNegatives(20, -1))
                .withMessage("hardNegatives must be at least 0, found -1");
        Sequences one = Sequences.of(new int[] {1});
        Sequences two = Sequences.of(new int[] {1}, new int[] {2, 3});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Batch.ofTriples(two, two, one))
                .withMessage(
                        "triples: there must be a positive and a negative for each of the 2 anchors, found 2 and 1");
        assertThat(Batch.ofTriples(two, two, two).input()).isEqualTo(Sequences.concat(List.of(two, two, two)));
    }

    @Test
    void inBatchNegativesRefusesAnOddNumberOfRows() {
        INDArray odd = Samples.gaussian(1, DataType.DOUBLE, 5, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> value(Loss.inBatchNegatives(20), odd, odd))
                .withMessage("a batch of pairs must have 2n rows, n anchors and then the positive of each, found 5;"
                        + " create it with Batch.ofPairs");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void inBatchNegativesRefusesAScale(double scale) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.inBatchNegatives(scale))
                .withMessage("scale must be positive, found " + scale);
    }

    @Test
    void pairsAreTheAnchorsAndThenThePositives() {
        Sequences anchors = Sequences.of(new int[] {1, 2}, new int[] {3});
        Sequences positives = Sequences.of(new int[] {4}, new int[] {5, 6});
        Batch batch = Batch.ofPairs(anchors, positives);
        assertThat(batch.input())
                .isEqualTo(Sequences.of(new int[] {1, 2}, new int[] {3}, new int[] {4}, new int[] {5, 6}));
        assertThat(batch.labels()).isNull();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Batch.ofPairs(anchors, Sequences.of(new int[] {1})))
                .withMessage("pairs: there must be a positive for each of the 2 anchors, found 1");
    }

    @Test
    void aTrainerNeedsNoLabelsForPairs() {
        Network network = Network.builder(5).linear("l", 3).build(1);
        DataSet batch = new DataSet(Samples.gaussian(1, DataType.FLOAT, 8, 5), null);
        TrainingResult result = Trainer.builder(network)
                .loss(Loss.inBatchNegatives(20))
                .updater(new AdamW(0.01, 0))
                .maxIterations(200)
                .build()
                .fit(batch);
        assertThat(result.finalLoss()).isLessThan(0.05);
    }

    @ParameterizedTest
    @CsvSource({"-0.5, 1, 2", "1.5, 0, 1", "-Infinity, 1, 0"})
    void aTrainerRefusesLabelsThatAreNotBetweenZeroAndOne(double label, int row, int column) {
        Network network = Network.builder(5).linear("l", 3).build(1);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 2, 3);
        labels.putScalar(row, column, label);
        DataSet batch = new DataSet(Samples.gaussian(1, DataType.FLOAT, 2, 5), labels);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Trainer.builder(network).loss(MULTI_LABEL).build().fit(batch))
                .withMessage("labels: must be between 0 and 1, found " + label + " in row " + row + ", column " + column
                        + "; the multi-label loss needs 1 where an example has a label and 0 where it does not");
    }

    @Test
    void aTrainerAcceptsAnyNumberOfLabelsOfAnExample() {
        Network network = Network.builder(5).linear("l", 3).build(1);
        INDArray labels =
                matrix(new double[] {0, 0, 0}, new double[] {1, 1, 0.5}).castTo(DataType.FLOAT);
        DataSet batch = new DataSet(Samples.gaussian(1, DataType.FLOAT, 2, 5), labels);
        TrainingResult result = Trainer.builder(network)
                .loss(MULTI_LABEL)
                .updater(new AdamW(0.1, 0))
                .maxIterations(300)
                .build()
                .fit(batch);
        // No lower loss is possible: the entropy of the label 0.5.
        assertThat(result.finalLoss()).isBetween(Math.log(2) / 6, Math.log(2) / 6 + 0.01);
    }
}
