package org.lora4j.text.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedF1Test {
    /** Texts with three spans each, of which so many are found in the mean. */
    private static List<PrecisionRecall> texts(Random random, int count, double share) {
        List<PrecisionRecall> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int correct = (int) random.doubles(3).filter(draw -> draw < share).count();
            texts.add(new PrecisionRecall(correct, 3, 3));
        }
        return texts;
    }

    @Test
    void theDifferenceIsThatOfBothMicroF1() {
        List<PrecisionRecall> first = List.of(new PrecisionRecall(3, 4, 3), new PrecisionRecall(0, 0, 2));
        List<PrecisionRecall> second = List.of(new PrecisionRecall(1, 1, 3), new PrecisionRecall(1, 3, 2));
        PairedDifference found = PairedDifference.ofF1(first, second);
        assertThat(found.difference()).isEqualTo(6 / 9.0 - 4 / 9.0, within(1e-12));
        // Two texts say hardly anything.
        assertThat(found.low()).isEqualTo(-1);
        assertThat(found.high()).isEqualTo(1);
    }

    /** If precision and recall are one share, F1 is the share, and the interval is that of a difference of means. */
    @Test
    void theIntervalIsAboutThatOfTheNormalDistribution() {
        Random random = new Random(4);
        List<PrecisionRecall> first = texts(random, 400, 0.8);
        List<PrecisionRecall> second = texts(random, 400, 0.7);
        PairedDifference found = PairedDifference.ofF1(first, second);
        double variance = 0;
        for (int i = 0; i < 400; i++) {
            double rest = first.get(i).f1() - second.get(i).f1() - found.difference();
            variance += rest * rest / 399;
        }
        double width = 1.96 * Math.sqrt(variance / 400);
        assertThat(found.high() - found.difference()).isCloseTo(width, within(0.1 * width));
        assertThat(found.difference() - found.low()).isCloseTo(width, within(0.1 * width));
        assertThat(found.isBetter()).isTrue();
    }

    @Test
    void equalModelsDoNotDiffer() {
        List<PrecisionRecall> texts = Collections.nCopies(5, new PrecisionRecall(1, 2, 2));
        assertThat(PairedDifference.ofF1(texts, texts)).isEqualTo(new PairedDifference(0, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> PairedDifference.ofF1(texts, texts.subList(0, 2)));
        assertThatIllegalArgumentException().isThrownBy(() -> PairedDifference.ofF1(List.of(), List.of()));
    }
}
