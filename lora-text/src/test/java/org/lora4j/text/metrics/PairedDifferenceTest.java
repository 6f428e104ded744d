package org.lora4j.text.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedDifferenceTest {
    private static List<Double> list(double... values) {
        return Arrays.stream(values).boxed().toList();
    }

    /** Whether the first or only the second of two is right on n examples. */
    private static PairedDifference of(int onlyFirst, int onlySecond, int n) {
        double[] first = new double[n];
        double[] second = new double[n];
        for (int i = 0; i < n; i++) {
            boolean one = i < onlyFirst;
            boolean other = i >= onlyFirst && i < onlyFirst + onlySecond;
            first[i] = one || !other ? 1 : 0;
            second[i] = other || !one ? 1 : 0;
        }
        return PairedDifference.ofShares(list(first), list(second));
    }

    /** The prime minister's ratings of Agresti and Min: 86 and 150 of 1,600; and one text more of 59, which shows nothing. */
    @Test
    void theIntervalOfRightAnswersIsThatOfThePaper() {
        PairedDifference ratings = of(86, 150, 1600);
        double more = 86 - 150;
        double n = 1602;
        double half = 1.959964 * Math.sqrt((86.5 + 150.5) - more * more / n) / n;
        assertThat(ratings.difference()).isCloseTo(more / 1600, within(1e-12));
        assertThat(ratings.low()).isCloseTo(more / n - half, within(1e-12));
        assertThat(ratings.high()).isCloseTo(more / n + half, within(1e-12));
        assertThat(ratings.isWorse()).isTrue();
        assertThat(of(150, 86, 1600).isBetter()).isTrue();
        assertThat(of(4, 3, 59).isBetter() || of(4, 3, 59).isWorse()).isFalse();
        assertThat(of(5, 0, 5).high()).isLessThanOrEqualTo(1);
    }

    /** Without the examples that are added, two equal differences would have an interval of no width. */
    @Test
    void fewExamplesShowNothing() {
        PairedDifference two = PairedDifference.ofShares(List.of(1.0, 1.0), List.of(0.5, 0.5));
        assertThat(two.difference()).isEqualTo(0.5);
        assertThat(two.low()).isNegative();
        assertThat(PairedDifference.ofLosses(List.of(1.0), List.of(2.0), List.of(1.0))
                        .isBetter())
                .isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairedDifference.ofShares(List.of(), List.of()))
                .withMessageContaining("at least one example, found 0 and 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairedDifference.ofLosses(List.of(1.0), List.of(1.0), List.of(1.0, 1.0)));
    }

    @Test
    void coversTheTrueDifferenceOfSharesAboutAsOftenAsItSays() {
        Random random = new Random(1);
        int covered = 0;
        int coveredRanks = 0;
        int trials = 4000;
        for (int trial = 0; trial < trials; trial++) {
            int onlyFirst = 0;
            int onlySecond = 0;
            double[] first = new double[60];
            double[] second = new double[60];
            for (int i = 0; i < 60; i++) {
                double chance = random.nextDouble();
                onlyFirst += chance < 0.15 ? 1 : 0;
                onlySecond += chance > 0.95 ? 1 : 0;
                // Reciprocal ranks, whose means differ by (1 + 1/2 + 1/3)/3 − (1/2 + 1/3 + 1/4)/3.
                first[i] = 1.0 / (1 + random.nextInt(3));
                second[i] = 1.0 / (2 + random.nextInt(3));
            }
            PairedDifference difference = of(onlyFirst, onlySecond, 60);
            covered += difference.low() <= 0.1 && 0.1 <= difference.high() ? 1 : 0;
            PairedDifference ranks = PairedDifference.ofShares(list(first), list(second));
            coveredRanks += ranks.low() <= 0.25 && 0.25 <= ranks.high() ? 1 : 0;
        }
        assertThat((double) covered / trials).isBetween(0.93, 0.98);
        assertThat((double) coveredRanks / trials).isBetween(0.93, 0.98);
    }

    /** The difference of a token, where long examples have larger sums. */
    @Test
    void coversTheTrueDifferenceOfLossesAboutAsOftenAsItSays() {
        Random random = new Random(4);
        int covered = 0;
        int trials = 4000;
        for (int trial = 0; trial < trials; trial++) {
            int n = 12;
            double[] first = new double[n];
            double[] second = new double[n];
            double[] tokens = new double[n];
            for (int i = 0; i < n; i++) {
                tokens[i] = 5 + random.nextInt(20);
                second[i] = tokens[i] * (2 + random.nextGaussian() / 10);
                first[i] = second[i] - tokens[i] * (0.3 + random.nextGaussian() / 5);
            }
            PairedDifference difference = PairedDifference.ofLosses(list(first), list(second), list(tokens));
            covered += difference.low() <= 0.3 && 0.3 <= difference.high() ? 1 : 0;
        }
        assertThat((double) covered / trials).isBetween(0.92, 0.97);
    }

    /** From the table of the distribution. */
    @Test
    void studentsQuantiles() {
        assertThat(PairedDifference.student(1)).isEqualTo(12.7062);
        assertThat(PairedDifference.student(10)).isEqualTo(2.2281);
        assertThat(PairedDifference.student(11)).isCloseTo(2.2010, within(1e-3));
        assertThat(PairedDifference.student(30)).isCloseTo(2.0423, within(1e-4));
    }
}
