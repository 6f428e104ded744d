package org.lora4j.text.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Each metric against its formula, written plainly. */
class MetricsTest {
    private static final Offset<Double> EXACT = within(1e-12);

    @Test
    void classification() {
        Random random = new Random(3);
        int[] actual = random.ints(500, 0, 4).toArray();
        int[] predicted = random.ints(500, 0, 4).toArray();
        Classification found = Classification.of(actual, predicted, 6);
        double right = 0;
        double sumOfF1 = 0;
        for (int c = 0; c < 4; c++) {
            double hit = 0;
            double wrongly = 0;
            double missed = 0;
            for (int i = 0; i < actual.length; i++) {
                hit += actual[i] == c && predicted[i] == c ? 1 : 0;
                wrongly += actual[i] != c && predicted[i] == c ? 1 : 0;
                missed += actual[i] == c && predicted[i] != c ? 1 : 0;
            }
            right += hit;
            double precision = hit / (hit + wrongly);
            double recall = hit / (hit + missed);
            sumOfF1 += 2 * precision * recall / (precision + recall);
            assertThat(found.precision(c)).isEqualTo(precision, EXACT);
            assertThat(found.recall(c)).isEqualTo(recall, EXACT);
            assertThat(found.confusion()[c][c]).isEqualTo((long) hit);
        }
        assertThat(found.accuracy()).isEqualTo(right / 500, EXACT);
        // Classes 4 and 5 do not occur.
        assertThat(found.macroF1()).isEqualTo(sumOfF1 / 4, EXACT);
        assertThat(found.f1(5)).isZero();
        assertThat(found.precision(5)).isZero();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Classification.of(new int[] {0}, new int[] {2}, 2))
                .withMessage("a class must be between 0 and 1, found 2 for example 0");
        assertThatIllegalArgumentException().isThrownBy(() -> Classification.of(new int[] {0}, new int[] {}, 2));
    }

    @Test
    void rocAucIsTheShareOfPairsInTheRightOrder() {
        Random random = new Random(5);
        double[] scores = random.ints(300, 0, 50).asDoubleStream().toArray();
        boolean[] positive = new boolean[300];
        for (int i = 0; i < positive.length; i++) {
            positive[i] = random.nextInt(3) == 0;
        }
        double pairs = 0;
        double inOrder = 0;
        for (int i = 0; i < 300; i++) {
            for (int j = 0; j < 300; j++) {
                if (positive[i] && !positive[j]) {
                    pairs++;
                    inOrder += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                }
            }
        }
        assertThat(BinaryScores.rocAuc(scores, positive)).isEqualTo(inOrder / pairs, EXACT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BinaryScores.rocAuc(new double[] {1}, new boolean[] {true}))
                .withMessage("there must be positive and negative examples, found 1 positive and 0 negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BinaryScores.rocAuc(new double[] {Double.NaN}, new boolean[] {true}));
    }

    @Test
    void retrieval() {
        List<String> ranked = List.of("a", "b", "c", "d");
        Map<String, Integer> grades = Map.of("a", 0, "b", 1, "c", -1, "d", 1, "x", 1);
        Ranking found = Ranking.ofOrder(ranked, grades);
        assertThat(found.recallAt(1)).isZero();
        assertThat(found.recallAt(2)).isEqualTo(1 / 3.0, EXACT);
        assertThat(found.recallAt(10)).isEqualTo(2 / 3.0, EXACT);
        assertThat(found.precisionAt(4)).isEqualTo(2 / 4.0, EXACT);
        assertThat(found.precisionAt(10)).isEqualTo(2 / 10.0, EXACT);
        assertThat(found.averagePrecision()).isEqualTo((1 / 2.0 + 2 / 4.0) / 3, EXACT);
        assertThat(found.reciprocalRank()).isEqualTo(0.5);
        double log2of3 = Math.log(3) / Math.log(2);
        double log2of5 = Math.log(5) / Math.log(2);
        assertThat(found.ndcgAt(4, Ranking.Gain.LINEAR))
                .isEqualTo((1 / log2of3 + 1 / log2of5) / (1 + 1 / log2of3 + 0.5), EXACT);
        Ranking graded = Ranking.ofOrder(ranked, Map.of("a", 1, "b", 3));
        assertThat(graded.ndcgAt(10, Ranking.Gain.LINEAR)).isEqualTo((1 + 3 / log2of3) / (3 + 1 / log2of3), EXACT);
        assertThat(graded.ndcgAt(10, Ranking.Gain.EXPONENTIAL)).isEqualTo((1 + 7 / log2of3) / (7 + 1 / log2of3), EXACT);
        assertThatIllegalArgumentException().isThrownBy(() -> found.recallAt(0));
    }

    @Test
    void aQueryWithoutRelevantDocumentsCountsAsNothing() {
        for (Ranking none : List.of(
                Ranking.ofOrder(List.of("a"), Map.of("a", 0)),
                Ranking.ofOrder(List.<String>of(), Map.of("a", 1)),
                Ranking.expected(new double[0], Map.of()))) {
            assertThat(none.recallAt(1)).isZero();
            assertThat(none.precisionAt(1)).isZero();
            assertThat(none.averagePrecision()).isZero();
            assertThat(none.reciprocalRank()).isZero();
            assertThat(none.ndcgAt(10, Ranking.Gain.LINEAR)).isZero();
            assertThat(none.isTied()).isFalse();
        }
    }

    @Test
    void perplexityAndBitsPerByte() {
        Perplexity sums = Perplexity.NONE.plus(3 * Math.log(8), 3, "abc").plus(Math.log(2), 1, "ä");
        // The geometric mean of 8, 8, 8 and 2; 10 bits for 5 bytes.
        assertThat(sums.perplexity()).isEqualTo(Math.pow(8 * 8 * 8 * 2, 0.25), EXACT);
        assertThat(sums.bitsPerByte()).isEqualTo(2, EXACT);
        assertThatIllegalStateException().isThrownBy(Perplexity.NONE::perplexity);
        assertThatIllegalStateException().isThrownBy(Perplexity.NONE::bitsPerByte);
        assertThatIllegalArgumentException().isThrownBy(() -> Perplexity.NONE.plus(Double.NaN, 1, "a"));
    }

    /** The mean over all orders of equal scores, each ranked alone. */
    @Test
    void theExpectedRankingIsTheMeanOverAllOrdersOfEqualScores() {
        Random random = new Random(11);
        int tied = 0;
        for (int t = 0; t < 60; t++) {
            double[] scores = random.ints(6, 0, 7).asDoubleStream().toArray();
            Map<Integer, Integer> grades = new TreeMap<>();
            while (grades.size() < 1 + t % 3) {
                grades.put(random.nextInt(6), 1 + random.nextInt(3));
            }
            List<List<Integer>> orders = new ArrayList<>();
            permute(scores, new ArrayList<>(), orders);
            Ranking found = Ranking.expected(scores, grades);
            List<ToDoubleFunction<Ranking>> metrics = List.of(
                    ranking -> ranking.recallAt(2),
                    ranking -> ranking.precisionAt(3),
                    ranking -> ranking.ndcgAt(3, Ranking.Gain.LINEAR),
                    ranking -> ranking.ndcgAt(10, Ranking.Gain.EXPONENTIAL),
                    Ranking::averagePrecision,
                    Ranking::reciprocalRank);
            for (ToDoubleFunction<Ranking> metric : metrics) {
                assertThat(metric.applyAsDouble(found))
                        .isEqualTo(
                                orders.stream()
                                        .mapToDouble(order -> metric.applyAsDouble(Ranking.ofOrder(order, grades)))
                                        .average()
                                        .orElseThrow(),
                                EXACT);
            }
            boolean isTied = IntStream.range(0, 6)
                    .anyMatch(i -> grades.keySet().stream()
                            .anyMatch(r -> scores[i] == scores[r] && !Objects.equals(grades.get(i), grades.get(r))));
            assertThat(found.isTied()).isEqualTo(isTied);
            tied += isTied ? 1 : 0;
        }
        assertThat(tied).isBetween(10, 58);
    }

    /** Adds all orders from the greatest score to the least. */
    private static void permute(double[] scores, List<Integer> begin, List<List<Integer>> orders) {
        if (begin.size() == scores.length) {
            orders.add(List.copyOf(begin));
        }
        double best = IntStream.range(0, scores.length)
                .filter(i -> !begin.contains(i))
                .mapToDouble(i -> scores[i])
                .max()
                .orElse(0);
        for (int i = 0; i < scores.length; i++) {
            if (!begin.contains(i) && scores[i] == best) {
                begin.add(i);
                permute(scores, begin, orders);
                begin.remove(begin.size() - 1);
            }
        }
    }

    @Test
    void aRankingRefusesWhatHasNoRank() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ranking.expected(new double[] {1, Double.NaN}, Map.of(0, 1)))
                .withMessage("the scores must be numbers, found NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ranking.byName(Map.of("a", Double.NaN), Map.of("a", 1)))
                .withMessage("the scores must be numbers, found NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ranking.expected(new double[] {1}, Map.of(1, 1)))
                .withMessageContaining("must have one of the 1 scores, found {1=1}");
        assertThat(Ranking.expected(new double[] {-0.0, 0}, Map.of(0, 1)).isTied())
                .isTrue();
        assertThat(Ranking.byName(Map.of("a", -0.0, "b", 0.0), Map.of("a", 1)).reciprocalRank())
                .as("the greater name of equal scores is the first")
                .isEqualTo(0.5);
    }

    /** Written out in Python. */
    @Test
    void correlations() {
        double[] x = {1, 2, 3, 4, 5, 6};
        double[] y = {2, 1, 4, 3, 7, 30};
        assertThat(Correlation.pearson(x, y)).isEqualTo(0.7592578103185513, EXACT);
        assertThat(Correlation.spearman(x, y)).isEqualTo(0.8857142857142857, EXACT);
        assertThat(Correlation.pearson(x, new double[] {-1, -2, -3, -4, -5, -6}))
                .isEqualTo(-1, EXACT);
        // The ranks of equal numbers are 2.5.
        assertThat(Correlation.spearman(new double[] {1, 2, 3, 4}, new double[] {1, 5, 5, 9}))
                .isEqualTo(Correlation.pearson(new double[] {1, 2, 3, 4}, new double[] {1, 2.5, 2.5, 4}), EXACT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Correlation.pearson(new double[] {3, 3}, new double[] {1, 2}))
                .withMessage("a correlation needs at least two different numbers, found only 3.0");
        assertThatIllegalArgumentException().isThrownBy(() -> Correlation.pearson(new double[] {3}, new double[] {}));
    }

    @Test
    void calibration() {
        double[] probabilities = {0.95, 0.91, 0.9, 0.55, 0.51, 0, 1};
        boolean[] right = {true, false, true, true, false, false, true};
        Calibration found = Calibration.of(probabilities, right, 10);
        assertThat(found.bins())
                .extracting(Calibration.Bin::count, Calibration.Bin::to)
                .containsExactly(tuple(1, 0.1), tuple(2, 0.6), tuple(1, 0.9), tuple(3, 1.0));
        assertThat(found.bins().get(3).probability()).isEqualTo((0.95 + 0.91 + 1) / 3, EXACT);
        assertThat(found.bins().get(3).accuracy()).isEqualTo(2.0 / 3, EXACT);
        assertThat(found.expectedError())
                .isEqualTo(
                        (0 + 2 * Math.abs(0.5 - 0.53) + Math.abs(1 - 0.9) + 3 * Math.abs(2.0 / 3 - 2.86 / 3)) / 7,
                        EXACT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Calibration.of(new double[] {1.5}, new boolean[] {true}, 10))
                .withMessage("a probability must be between 0 and 1, found 1.5");
    }
}
