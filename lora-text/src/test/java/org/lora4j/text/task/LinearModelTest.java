package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.text.task.LinearModel.Rows;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LinearModelTest {
    /** The probabilities of scikit-learn's LogisticRegression on features divided by their mean norm, with {@code C = 1/(n·λ)}. */
    @Test
    void hasTheProbabilitiesOfScikitLearn() {
        INDArray features = Nd4j.createUninitialized(DataType.DOUBLE, 20, 3);
        for (int i = 0; i < 20; i++) {
            for (int j = 0; j < 3; j++) {
                features.putScalar(i, j, ((i * 7 + j * 5) % 11 - 5) / 4.0);
            }
        }
        List<Integer> classes =
                IntStream.range(0, 20).map(i -> (i * i + i / 3) % 3).boxed().toList();
        Network classifier =
                LinearModel.fit(Rows.of(features, classes, 3), 0.05).network();
        INDArray outputs = classifier.predict(features.castTo(DataType.FLOAT));
        double[][] expected = {
            {0.4213416676143908, 0.4261940754141847, 0.1524642569714246},
            {0.23019411664749684, 0.3465923873761105, 0.4232134959763927},
            {0.4290811781382211, 0.3418465810816255, 0.2290722407801534}
        };
        for (int i = 0; i < expected.length; i++) {
            double[] row = outputs.getRow(i).toDoubleVector();
            double sum = 0;
            for (double logit : row) {
                sum += Math.exp(logit);
            }
            for (int c = 0; c < 3; c++) {
                assertThat(Math.exp(row[c]) / sum).isCloseTo(expected[i][c], within(1e-5));
            }
        }
    }

    /** Features of another length give the same classifier, because the penalty belongs to rows of length 1. */
    @Test
    void theLengthOfTheFeaturesDoesNotCount() {
        INDArray features = noisy(1, 60, 8, 2);
        List<Integer> classes = classes(60, 3);
        LinearModel one = LinearModel.fit(Rows.of(features, classes, 3));
        LinearModel other = LinearModel.fit(Rows.of(features.mul(1000), classes, 3));
        assertThat(other.penalty()).isEqualTo(one.penalty());
        INDArray ofOne = one.network().predict(features);
        INDArray ofOther = other.network().predict(features.mul(1000));
        assertThat(ofOther.distance2(ofOne))
                .isLessThan(1e-3 * ofOne.norm2Number().doubleValue());
    }

    @Test
    void learnsClassesThatFeaturesSeparateAndHasTheSameBitsEachTime() {
        INDArray features = Nd4j.create(60, 3);
        List<Integer> classes = classes(60, 3);
        for (int i = 0; i < 60; i++) {
            features.putScalar(i, classes.get(i), 1 + i / 60.0);
        }
        INDArray outputs =
                LinearModel.fit(Rows.of(features, classes, 3)).network().predict(features);
        assertThat(outputs.argMax(1).toIntVector())
                .containsExactly(classes.stream().mapToInt(Integer::intValue).toArray());
        assertThat(LinearModel.fit(Rows.of(features, classes, 3)).network().predict(features))
                .isEqualTo(outputs);
    }

    /** Where features say nothing of the classes, weights only do harm. */
    @Test
    void rowsThatSayNothingHaveAStrongPenalty() {
        double ofNoise =
                LinearModel.fit(Rows.of(noisy(2, 90, 20, 0), classes(90, 3), 3)).penalty();
        double ofClear =
                LinearModel.fit(Rows.of(noisy(2, 90, 20, 5), classes(90, 3), 3)).penalty();
        assertThat(ofNoise).isGreaterThan(3 * ofClear);
    }

    @Test
    void anotherNumberOfClassesThanRowsIsRefused() {
        assertThatThrownBy(() -> Rows.of(Nd4j.create(3, 2), List.of(0, 1), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found 3 rows and 2 of these");
    }

    /** A class that counts twice as if each of its rows stood there twice, but for the number of rows, by which λ is shared. */
    @Test
    void aWeightOfTwoIsLikeTwoRows() {
        INDArray features = noisy(3, 30, 4, 1);
        List<Integer> classes = classes(30, 2);
        INDArray more = Nd4j.concat(
                0,
                features,
                Nd4j.pullRows(
                        features, 1, IntStream.range(0, 15).map(i -> 2 * i).toArray()));
        List<Integer> moreClasses = new ArrayList<>(classes);
        moreClasses.addAll(Collections.nCopies(15, 0));
        double norms = more.norm2(1).meanNumber().doubleValue()
                / features.norm2(1).meanNumber().doubleValue();
        INDArray weighted = LinearModel.fit(Rows.of(features, classes, 2).withClassWeights(2, 1), 0.3)
                .weight();
        INDArray repeated = LinearModel.fit(Rows.of(more, moreClasses, 2), 0.3 / 1.5 / norms / norms)
                .weight();
        assertThat(weighted.distance2(repeated))
                .isLessThan(1e-3 * weighted.norm2Number().doubleValue());
    }

    @Test
    void withoutABiasTheOutputOfZeroIsZero() {
        LinearModel fitted =
                LinearModel.fit(Rows.of(noisy(4, 30, 4, 1), classes(30, 3), 3).withoutBias());
        assertThat(fitted.bias()).isEmpty();
        assertThat(fitted.network().predict(Nd4j.zeros(DataType.FLOAT, 1, 4)))
                .isEqualTo(Nd4j.zeros(DataType.FLOAT, 1, 3));
    }

    /** With W₁ = −W₀ = w/2, softmax of two classes has the penalty {@code λ/4·Σ w²}. */
    @Test
    void aLabelIsLikeTwoClasses() {
        INDArray features = noisy(5, 40, 4, 1);
        INDArray labels = Nd4j.create(DataType.FLOAT, 40, 2);
        List<Integer> first = new ArrayList<>();
        List<Integer> second = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            first.add(i % 3 == 0 ? 1 : 0);
            second.add(i % 3 == 1 || i % 5 == 0 ? 1 : 0);
            labels.putScalar(i, 0, first.get(i));
            labels.putScalar(i, 1, second.get(i));
        }
        LinearModel together = LinearModel.fit(Rows.ofLabels(features, labels, 1, 3), 0.05);
        List<LinearModel> alone = List.of(
                LinearModel.fit(Rows.of(features, first, 2), 0.1),
                LinearModel.fit(Rows.of(features, second, 2).withClassWeights(1, 3), 0.1));
        for (int k = 0; k < 2; k++) {
            INDArray classes = alone.get(k).weight();
            INDArray expected = classes.getRow(1).sub(classes.getRow(0));
            assertThat(together.weight().getRow(k).distance2(expected))
                    .isLessThan(2e-3 * expected.norm2Number().doubleValue());
            INDArray biases = alone.get(k).bias().orElseThrow();
            assertThat(together.bias().orElseThrow().getDouble(k))
                    .isCloseTo(biases.getDouble(1) - biases.getDouble(0), within(2e-3));
        }
    }

    /** The gradient {@code 2/n·Xᵀ(Xw + b − y) + λw} of features of the mean norm 1 is zero, whatever the scale of the numbers. */
    @Test
    void numbersAreRidgeRegression() {
        INDArray features = noisy(6, 50, 3, 1).castTo(DataType.DOUBLE);
        INDArray scaled = features.div(features.norm2(1).meanNumber());
        for (double scale : new double[] {1e-4, 1, 1e5}) {
            List<Double> numbers = IntStream.range(0, 50)
                    .mapToObj(i -> scale * (7 + features.getDouble(i, 0) - 2 * features.getDouble(i, 2) + i % 4))
                    .toList();
            LinearModel fitted = LinearModel.fit(Rows.ofNumbers(features, numbers, true), 0.02);
            INDArray weight =
                    fitted.weight().mul(features.norm2(1).meanNumber()).reshape(3, 1);
            INDArray errors = scaled.mmul(weight)
                    .addi(fitted.bias().orElseThrow().getDouble(0))
                    .subi(Nd4j.createFromArray(numbers.stream()
                                    .mapToDouble(Double::doubleValue)
                                    .toArray())
                            .reshape(50, 1));
            INDArray gradient = scaled.transpose().mmul(errors).muli(2.0 / 50).addi(weight.mul(0.02));
            assertThat(gradient.norm2Number().doubleValue()).isLessThan(1e-3 * scale);
            assertThat(errors.meanNumber().doubleValue()).isCloseTo(0, within(1e-3 * scale));
        }
        assertThat(LinearModel.fit(Rows.ofNumbers(features, Collections.nCopies(50, 3.0), false))
                        .bias())
                .isEmpty();
    }

    private static List<Integer> classes(int rows, int count) {
        return IntStream.range(0, rows).map(i -> i % count).boxed().toList();
    }

    /** Rows of noise, whose element of the row's class has some more. */
    private static INDArray noisy(long seed, int rows, int width, double more) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray features = Nd4j.createUninitialized(DataType.FLOAT, rows, width);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < width; j++) {
                features.putScalar(i, j, random.nextGaussian() + (j == i % 3 ? more : 0));
            }
        }
        return features;
    }
}
