package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RandomArraysTest {
    private static final int N = 10_000;

    /** Returns the greatest distance of the empirical distribution from the given one (Kolmogorov and Smirnov). */
    private static double distance(INDArray sample, DoubleUnaryOperator distribution) {
        double[] sorted = Samples.bits(sample);
        Arrays.sort(sorted);
        double greatest = 0;
        for (int i = 0; i < sorted.length; i++) {
            double f = distribution.applyAsDouble(sorted[i]);
            greatest = Math.max(greatest, Math.max(f - (double) i / N, (i + 1.0) / N - f));
        }
        return greatest;
    }

    /** Computes Φ(x) by formula 26.2.17 of Abramowitz and Stegun, with an error below 1e-7. */
    private static double normal(double x) {
        double t = 1 / (1 + 0.2316419 * Math.abs(x));
        double tail = Math.exp(-x * x / 2)
                / Math.sqrt(2 * Math.PI)
                * t
                * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        return x > 0 ? 1 - tail : tail;
    }

    @Test
    void uniformFollowsItsDistribution() {
        INDArray sample = RandomArrays.uniform(new SplittableRandom(2), 0.3, DataType.DOUBLE, 100, 100);
        // One random sample in a thousand exceeds 1.95/√n. The seed is fixed, so this sample is always the same.
        assertThat(distance(sample, x -> (x + 0.3) / 0.6)).isLessThan(1.95 / Math.sqrt(N));
        assertThat(Differences.fromZero(sample)).isLessThanOrEqualTo(0.3).isGreaterThan(0.299);
    }

    @Test
    void gaussianFollowsItsDistribution() {
        INDArray sample = RandomArrays.gaussian(new SplittableRandom(1), 2, DataType.DOUBLE, 100, 100);
        assertThat(distance(sample, x -> normal(x / 2))).isLessThan(1.95 / Math.sqrt(N));
    }

    @Test
    void kaimingUniformIsUniformWithABoundForTheWidth() {
        INDArray sample = RandomArrays.kaimingUniform(new SplittableRandom(4), DataType.FLOAT, 3, 16);

        assertThat(Samples.bits(sample))
                .isEqualTo(Samples.bits(RandomArrays.uniform(new SplittableRandom(4), 0.25, DataType.FLOAT, 3, 16)));
        assertThat(sample.shape()).containsExactly(3, 16);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void sameSeedGivesTheSameBits(DataType type) {
        INDArray first = RandomArrays.uniform(new SplittableRandom(5), 1, type, 7, 3);
        assertThat(Samples.bits(RandomArrays.uniform(new SplittableRandom(5), 1, type, 7, 3)))
                .isEqualTo(Samples.bits(first));
        assertThat(Samples.bits(RandomArrays.uniform(new SplittableRandom(6), 1, type, 7, 3)))
                .isNotEqualTo(Samples.bits(first));
        assertThat(first.shape()).containsExactly(7, 3);
        assertThat(first.ordering()).isEqualTo('c');
        assertThat(first.dataType()).isEqualTo(type);
    }

    @Test
    void drawsInRowMajorOrder() {
        SplittableRandom random = new SplittableRandom(5);
        INDArray sample = RandomArrays.gaussian(new SplittableRandom(5), 1, DataType.DOUBLE, 2, 3);
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 3; k++) {
                assertThat(sample.getDouble(i, k)).isCloseTo(random.nextGaussian(), within(0.0));
            }
        }
    }

    @Test
    void doesNotUseTheGeneratorOfNd4j() {
        Nd4j.getRandom().setSeed(3);
        double expected = Nd4j.getRandom().nextDouble();
        Nd4j.getRandom().setSeed(3);
        RandomArrays.uniform(new SplittableRandom(1), 1, DataType.FLOAT, 10);
        Network.builder(3).linear("l", 2).build(1);
        assertThat(Nd4j.getRandom().nextDouble()).isEqualTo(expected);
    }
}
