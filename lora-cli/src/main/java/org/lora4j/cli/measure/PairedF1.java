package org.lora4j.cli.measure;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.text.metrics.PrecisionRecall;

/**
 * How much better the micro-F1 of one model is than that of another on the same texts. F1 is no mean of texts, so its interval is that of
 * a bootstrap: texts are drawn with replacement, the same ones for both models, and 95 % of the differences lie within it.
 *
 * @see <a href="https://doi.org/10.1201/9780429246593">Efron and Tibshirani 1993: An Introduction to the Bootstrap, chapter 13 (the
 *     percentile interval)</a>
 */
public final class PairedF1 {
    private static final int DRAWS = 2000;
    private static final double TAIL = 0.025;
    private static final long SEED = 1;

    private PairedF1() {}

    /**
     * Compares two models.
     *
     * @param first the counts of the first model of each text
     * @param second those of the second model
     * @return the difference of both micro-F1, and the interval, which is the same each time
     * @throws IllegalArgumentException if there is no text, or the lengths differ
     */
    public static PairedDifference of(List<PrecisionRecall> first, List<PrecisionRecall> second) {
        if (first.isEmpty() || first.size() != second.size()) {
            throw new IllegalArgumentException(
                    "there must be counts of both models for each of at least one text, found " + first.size() + " and "
                            + second.size());
        }
        SplittableRandom random = new SplittableRandom(SEED);
        double[] differences = new double[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            int[] texts = random.ints(first.size(), 0, first.size()).toArray();
            differences[draw] = difference(first, second, texts);
        }
        Arrays.sort(differences);
        int tail = (int) Math.round(TAIL * DRAWS);
        double difference =
                PrecisionRecall.sum(first).f1() - PrecisionRecall.sum(second).f1();
        return new PairedDifference(difference, differences[tail], differences[DRAWS - 1 - tail]);
    }

    private static double difference(List<PrecisionRecall> first, List<PrecisionRecall> second, int[] texts) {
        return PrecisionRecall.sum(Arrays.stream(texts).mapToObj(first::get).toList())
                        .f1()
                - PrecisionRecall.sum(Arrays.stream(texts).mapToObj(second::get).toList())
                        .f1();
    }
}
