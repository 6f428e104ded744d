package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class LossTest {
    private static final Loss CROSS_ENTROPY = Loss.softmaxCrossEntropy();
    private static final Loss SQUARED_ERROR = Loss.meanSquaredError();

    private static INDArray matrix(double[]... rows) {
        return Nd4j.createFromArray(rows);
    }

    private static double value(Loss loss, INDArray output, INDArray labels) {
        return loss.compute(output, labels, Nd4j.create(output.dataType(), output.shape()));
    }

    static Stream<Loss> losses() {
        return Stream.of(CROSS_ENTROPY, SQUARED_ERROR, Loss.softmaxCrossEntropy(0.5, 2, 0, 1));
    }

    @Test
    void crossEntropyOfOneHotLabels() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 2, 2);
        double loss = CROSS_ENTROPY.compute(
                matrix(new double[] {Math.log(3), 0}, new double[] {0, 0}),
                matrix(new double[] {1, 0}, new double[] {0, 1}),
                gradient);
        assertThat(loss).isCloseTo((Math.log(4.0 / 3) + Math.log(2)) / 2, within(1e-15));
        assertThat(Samples.bits(gradient))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(-0.125, 0.125, 0.25, -0.25);
    }

    @Test
    void crossEntropyOfSoftLabels() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 1, 2);
        double loss =
                CROSS_ENTROPY.compute(matrix(new double[] {Math.log(3), 0}), matrix(new double[] {0.5, 0.5}), gradient);
        assertThat(loss).isCloseTo((Math.log(4.0 / 3) + Math.log(4)) / 2, within(1e-15));
        assertThat(Samples.bits(gradient)).usingComparatorWithPrecision(1e-15).containsExactly(0.25, -0.25);
    }

    @Test
    void crossEntropyOfLabelsWhoseSumIsNotOne() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 1, 2);
        double loss =
                CROSS_ENTROPY.compute(matrix(new double[] {Math.log(3), 0}), matrix(new double[] {2, 1}), gradient);
        assertThat(loss).isCloseTo(2 * Math.log(4.0 / 3) + Math.log(4), within(1e-14));
        assertThat(Samples.bits(gradient)).usingComparatorWithPrecision(1e-14).containsExactly(0.25, -0.25);
    }

    @Test
    void theWeightOfAClassCountsItsRowsSeveralTimes() {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 3, 2);
        INDArray labels = matrix(new double[] {1, 0}, new double[] {0, 1}, new double[] {1, 0});
        INDArray repeated = Nd4j.vstack(output, output.getRow(1, true), output.getRow(1, true));
        INDArray repeatedLabels = Nd4j.vstack(labels, labels.getRow(1, true), labels.getRow(1, true));
        double weighted = value(Loss.softmaxCrossEntropy(1, 3), output, labels);
        assertThat(3 * weighted).isCloseTo(5 * value(CROSS_ENTROPY, repeated, repeatedLabels), within(1e-12));
        assertThat(value(Loss.softmaxCrossEntropy(1, 1), output, labels))
                .isEqualTo(value(CROSS_ENTROPY, output, labels));
    }

    @Test
    void refusesWeightsOfClassesThatCannotBe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.softmaxCrossEntropy(1, -1))
                .withMessage("weights: each must be finite and at least 0, found -1.0 for class 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.softmaxCrossEntropy(new double[0]))
                .withMessage("weights: there must be one for each class, found none");
        Loss three = Loss.softmaxCrossEntropy(1, 2, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> value(three, matrix(new double[] {0, 0}), matrix(new double[] {1, 0})))
                .withMessage("weights: there must be one for each of the 2 classes, found 3");
        assertThat(three).hasToString("WeightedCrossEntropy[1.0, 2.0, 3.0]");
    }

    @Test
    void squaredErrorIsTheMeanOverAllElements() {
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 2, 2);
        double loss = SQUARED_ERROR.compute(
                matrix(new double[] {1, 2}, new double[] {3, 4}),
                matrix(new double[] {1, 0}, new double[] {0, 8}),
                gradient);
        assertThat(loss).isEqualTo((4 + 9 + 16) / 4.0);
        assertThat(Samples.bits(gradient)).containsExactly(0, 1, 1.5, -2);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void theGradientEqualsFiniteDifferences(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, 4);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 5, 4);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 5, 4);
        loss.compute(output, labels, gradient);
        FiniteDifferences.assertGradient("output", () -> value(loss, output, labels), output, gradient);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void hugeLogitsDoNotOverflow(DataType type) {
        INDArray gradient = Nd4j.create(type, 2, 2);
        double loss = CROSS_ENTROPY.compute(
                matrix(new double[] {1e4, -1e4}, new double[] {1e4, -1e4}).castTo(type),
                matrix(new double[] {1, 0}, new double[] {0, 1}).castTo(type),
                gradient);
        assertThat(loss).isEqualTo(1e4);
        assertThat(Samples.bits(gradient)).containsExactly(0, 0, 0.5, -0.5);
    }

    @Test
    void aShiftOfAllLogitsDoesNotChangeTheLoss() {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, 4);
        INDArray labels = Batches.random(1, DataType.DOUBLE, 1, 4, 5).get(0).getLabels();
        assertThat(value(CROSS_ENTROPY, output.add(1e4), labels))
                .isCloseTo(value(CROSS_ENTROPY, output, labels), within(1e-9));
    }

    @Test
    void smallProbabilitiesAreNotClipped() {
        assertThat(value(CROSS_ENTROPY, matrix(new double[] {0, 200}), matrix(new double[] {1, 0})))
                .isCloseTo(200, within(1e-12));
    }

    @Test
    void aLogitOfMinusInfinityForTheLabelledClassGivesAnInfiniteLoss() {
        assertThat(value(
                        CROSS_ENTROPY, matrix(new double[] {Double.NEGATIVE_INFINITY, 0}), matrix(new double[] {1, 0})))
                .isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void aLogitOfMinusInfinityForAnotherClassGivesAFiniteLoss() {
        assertThat(value(
                        CROSS_ENTROPY, matrix(new double[] {Double.NEGATIVE_INFINITY, 0}), matrix(new double[] {0, 1})))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void outputsThatAreNotFiniteGiveALossThatIsNotFinite(double bad) {
        for (Loss loss : List.of(CROSS_ENTROPY, SQUARED_ERROR)) {
            for (double[] label : new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}) {
                assertThat(value(loss, matrix(new double[] {1, bad, 2}), matrix(label)))
                        .isNotFinite();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void labelsThatAreNotFiniteGiveALossThatIsNotFinite(double bad) {
        for (Loss loss : List.of(CROSS_ENTROPY, SQUARED_ERROR)) {
            assertThat(value(loss, matrix(new double[] {1, 3, 2}), matrix(new double[] {0, bad, 0})))
                    .isNotFinite();
        }
    }

    @Test
    void crossEntropyOfManyClassesFollowsTheFormula() {
        int n = 3;
        int classes = 2000;
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, n, classes).muli(5);
        INDArray labels = Nd4j.create(DataType.DOUBLE, n, classes);
        labels.putScalar(0, 1999, 1);
        labels.putScalar(1, 0, 0.25);
        labels.putScalar(1, 700, 0.75);
        labels.putScalar(2, 341, 1);
        double expected = 0;
        INDArray expectedGradient = Nd4j.create(DataType.DOUBLE, n, classes);
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int k = 0; k < classes; k++) {
                sum += Math.exp(output.getDouble(i, k));
            }
            for (int k = 0; k < classes; k++) {
                double label = labels.getDouble(i, k);
                double probability = Math.exp(output.getDouble(i, k)) / sum;
                expected -= label * Math.log(probability) / n;
                expectedGradient.putScalar(i, k, (probability - label) / n);
            }
        }
        for (char order : new char[] {'c', 'f'}) {
            INDArray gradient = Nd4j.create(DataType.DOUBLE, new long[] {n, classes}, 'f');
            assertThat(CROSS_ENTROPY.compute(output.dup(order), labels.dup(order), gradient))
                    .isCloseTo(expected, within(1e-12));
            assertThat(Samples.bits(gradient))
                    .usingComparatorWithPrecision(1e-15)
                    .containsExactly(Samples.bits(expectedGradient));
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void acceptsEveryMemoryOrderAndViews(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, 4);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 5, 4);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 5, 4);
        double expected = loss.compute(output, labels, gradient);
        INDArray wide = Nd4j.create(DataType.DOUBLE, 9, 9);
        INDArray outputView = wide.get(NDArrayIndex.interval(2, 7), NDArrayIndex.interval(0, 4));
        INDArray labelsView = wide.get(NDArrayIndex.interval(1, 6), NDArrayIndex.interval(5, 9));
        outputView.assign(output);
        labelsView.assign(labels);
        INDArray tall = Nd4j.create(DataType.DOUBLE, 7, 4);
        INDArray lastRows = tall.get(NDArrayIndex.interval(2, 7), NDArrayIndex.all());
        lastRows.assign(output);
        INDArray expectedGradient = gradient;
        for (INDArray o : List.of(output, output.dup('f'), outputView, lastRows)) {
            for (INDArray l : List.of(labels, labels.dup('f'), labelsView)) {
                for (char order : new char[] {'c', 'f'}) {
                    INDArray result = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {5, 4}, order);
                    assertThat(loss.compute(o, l, result)).isEqualTo(expected);
                    assertThat(Samples.bits(result)).isEqualTo(Samples.bits(expectedGradient));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void writesToAGradientThatIsAView(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, 4);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 5, 4);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 5, 4);
        loss.compute(output, labels, gradient);
        INDArray view =
                Nd4j.create(DataType.DOUBLE, 9, 9).get(NDArrayIndex.interval(2, 7), NDArrayIndex.interval(3, 7));
        loss.compute(output, labels, view);
        assertThat(Samples.bits(view)).isEqualTo(Samples.bits(gradient));
    }

    /** Labels that each type of label can hold. */
    private enum Labelled {
        ONE_HOT,
        SEVERAL,
        CLASSES;

        INDArray array(DataType type) {
            return switch (this) {
                case ONE_HOT -> matrix(type, "1000", "0001", "0100", "0100", "0010");
                case SEVERAL -> matrix(type, "1011", "0000", "1111", "0100", "0001");
                case CLASSES -> matrix(type, "3", "0", "1", "1", "2");
            };
        }

        private static INDArray matrix(DataType type, String... rows) {
            double[][] values = Stream.of(rows)
                    .map(row -> row.chars().mapToDouble(digit -> digit - '0').toArray())
                    .toArray(double[][]::new);
            return Nd4j.createFromArray(values).castTo(type);
        }
    }

    static Stream<Arguments> labelTypes() {
        return Stream.of(
                        DataType.FLOAT,
                        DataType.DOUBLE,
                        DataType.FLOAT16,
                        DataType.BFLOAT16,
                        DataType.INT8,
                        DataType.UINT8,
                        DataType.INT16,
                        DataType.UINT16,
                        DataType.INT32,
                        DataType.UINT32,
                        DataType.INT64,
                        DataType.UINT64,
                        DataType.BOOL)
                .flatMap(type -> Stream.of(
                                Arguments.of(type, CROSS_ENTROPY, Labelled.ONE_HOT),
                                Arguments.of(type, Loss.softmaxCrossEntropy(0.5, 1 / 3.0, 0, 1.7), Labelled.ONE_HOT),
                                Arguments.of(type, SQUARED_ERROR, Labelled.ONE_HOT),
                                Arguments.of(type, Loss.multiLabel(), Labelled.SEVERAL),
                                Arguments.of(type, Loss.sparseSoftmaxCrossEntropy(), Labelled.CLASSES),
                                Arguments.of(
                                        type, Loss.sparseSoftmaxCrossEntropy(0.5, 1 / 3.0, 0, 1.7), Labelled.CLASSES),
                                Arguments.of(type, Loss.nextToken(), Labelled.CLASSES))
                        .filter(arguments -> type != DataType.BOOL || arguments.get()[2] != Labelled.CLASSES));
    }

    @ParameterizedTest
    @MethodSource("labelTypes")
    void acceptsLabelsOfEveryType(DataType type, Loss loss, Labelled labels) {
        for (DataType outputs : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            INDArray output = Samples.gaussian(1, outputs, 5, 4);
            INDArray expected = Nd4j.create(outputs, 5, 4);
            INDArray gradient = Nd4j.create(outputs, 5, 4);
            double value = loss.compute(output, labels.array(DataType.DOUBLE), expected);
            assertThat(loss.compute(output, labels.array(type), gradient)).isEqualTo(value);
            assertThat(Samples.bits(gradient)).isEqualTo(Samples.bits(expected));
            assertThat(gradient.amaxNumber().doubleValue()).isPositive();
        }
    }

    @Test
    void theWeightsOfClassesAreNotRoundedToTheTypeOfTheLabels() {
        INDArray output = matrix(new double[] {0, 0}, new double[] {0, 0});
        INDArray gradient = Nd4j.create(DataType.DOUBLE, 2, 2);
        INDArray labels = matrix(new double[] {1, 0}, new double[] {0, 1}).castTo(DataType.INT32);
        assertThat(Loss.softmaxCrossEntropy(0.5, 0.1).compute(output, labels, gradient))
                .isCloseTo(0.3 * Math.log(2), within(1e-15));
        assertThat(Samples.bits(gradient))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(-0.125, 0.125, 0.025, -0.025);
    }

    @Test
    void wholeNumbersAsTargetsOfARegressionAreNotRounded() {
        INDArray output = matrix(new double[] {0x1p25});
        INDArray labels = Nd4j.createFromArray(new long[][] {{(1L << 25) + 1}});
        assertThat(value(SQUARED_ERROR, output.castTo(DataType.FLOAT), labels)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1.5, -1, 5e9})
    void refusesClassesThatAreNoWholeNumbers(double label) {
        INDArray labels = Nd4j.createFromArray(0, label);
        for (Loss loss : List.of(Loss.sparseSoftmaxCrossEntropy(), Loss.nextToken())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> value(loss, matrix(new double[] {1, 2}, new double[] {3, 4}), labels))
                    .withMessage("labels: each must be a whole number, or -100 to take no part, found " + label
                            + " at row 1");
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void doesNotWriteToItsArguments(Loss loss) {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, 4);
        INDArray labels = Samples.gaussian(2, DataType.DOUBLE, 5, 4);
        double[] outputBefore = Samples.bits(output);
        double[] labelsBefore = Samples.bits(labels);
        loss.compute(output, labels, Nd4j.create(DataType.DOUBLE, 5, 4));
        assertThat(Samples.bits(output)).isEqualTo(outputBefore);
        assertThat(Samples.bits(labels)).isEqualTo(labelsBefore);
    }
}
