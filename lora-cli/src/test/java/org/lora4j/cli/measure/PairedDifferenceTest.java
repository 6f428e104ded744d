package org.lora4j.cli.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedDifferenceTest {
    @Test
    void countsTheTextsThatOnlyOneHasRight() {
        List<Integer> actual = List.of(0, 1, 2, 1);
        PairedDifference difference = PairedDifference.of(actual, List.of(0, 1, 0, 0), List.of(0, 0, 2, 0));
        assertThat(difference.onlyFirst()).isEqualTo(1);
        assertThat(difference.onlySecond()).isEqualTo(1);
        assertThat(difference.difference()).isZero();
        assertThat(difference.low()).isEqualTo(-difference.high());
    }

    /** The prime minister's ratings of Agresti and Min: 86 and 150 of 1,600; and one text more of 59, which shows nothing. */
    @Test
    void theIntervalIsThatOfThePaper() {
        PairedDifference ratings = PairedDifference.of(86, 150, 1600);
        double more = 86 - 150;
        double n = 1602;
        double half = 1.959964 * Math.sqrt((86.5 + 150.5) - more * more / n) / n;
        assertThat(ratings.low()).isCloseTo(more / n - half, within(1e-12));
        assertThat(ratings.high()).isCloseTo(more / n + half, within(1e-12)).isNegative();
        assertThat(ratings.isFound()).isTrue();
        assertThat(PairedDifference.of(4, 3, 59).isFound()).isFalse();
        assertThat(PairedDifference.of(0, 0, 5).isFound()).isFalse();
        assertThat(PairedDifference.of(5, 0, 5).high()).isLessThanOrEqualTo(1);
    }

    @Test
    void coversTheTrueDifferenceAboutAsOftenAsItSays() {
        Random random = new Random(1);
        int covered = 0;
        int trials = 4000;
        for (int trial = 0; trial < trials; trial++) {
            int onlyFirst = 0;
            int onlySecond = 0;
            for (int i = 0; i < 60; i++) {
                double chance = random.nextDouble();
                onlyFirst += chance < 0.15 ? 1 : 0;
                onlySecond += chance > 0.95 ? 1 : 0;
            }
            PairedDifference difference = PairedDifference.of(onlyFirst, onlySecond, 60);
            covered += difference.low() <= 0.1 && 0.1 <= difference.high() ? 1 : 0;
        }
        assertThat((double) covered / trials).isBetween(0.93, 0.98);
    }
}
