package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.Set;
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
        assertThat(Ranking.rocAuc(scores, positive)).isEqualTo(inOrder / pairs, EXACT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ranking.rocAuc(new double[] {1}, new boolean[] {true}))
                .withMessage("there must be positive and negative examples, found 1 positive and 0 negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Ranking.rocAuc(new double[] {Double.NaN}, new boolean[] {true}));
    }

    @Test
    void retrieval() {
        List<String> ranked = List.of("a", "b", "c", "d");
        Set<String> relevant = Set.of("b", "d", "x");
        assertThat(Ranking.recallAt(1, ranked, relevant)).isZero();
        assertThat(Ranking.recallAt(2, ranked, relevant)).isEqualTo(1 / 3.0, EXACT);
        assertThat(Ranking.recallAt(10, ranked, relevant)).isEqualTo(2 / 3.0, EXACT);
        assertThat(Ranking.reciprocalRank(ranked, relevant)).isEqualTo(0.5);
        assertThat(Ranking.reciprocalRank(ranked, Set.of("x"))).isZero();
        double log2of3 = Math.log(3) / Math.log(2);
        double log2of5 = Math.log(5) / Math.log(2);
        assertThat(Ranking.ndcgAt(4, ranked, relevant))
                .isEqualTo((1 / log2of3 + 1 / log2of5) / (1 + 1 / log2of3 + 0.5), EXACT);
        assertThat(Ranking.ndcgAt(1, ranked, Set.of("a"))).isEqualTo(1, EXACT);
        assertThatIllegalArgumentException().isThrownBy(() -> Ranking.recallAt(0, ranked, relevant));
        assertThatIllegalArgumentException().isThrownBy(() -> Ranking.ndcgAt(1, ranked, Set.of()));
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
}
