package org.lora4j.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Outputs;

class LabelledScoresTest {
    private static LabelledScores scores(List<List<Boolean>> actual, List<List<Double>> scores) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < actual.get(0).size(); i++) {
            names.add("label" + i);
        }
        return new LabelledScores(Outputs.anyOf(Labels.of(names)), actual, scores);
    }

    @Test
    void aThresholdLiesBetweenTheTextsThatItDivides() {
        LabelledScores found = scores(
                List.of(List.of(true, false), List.of(true, false), List.of(false, false)),
                List.of(List.of(0.3, 0.9), List.of(0.25, 0.2), List.of(0.05, 0.1)));
        assertThat(found.bestThresholds().get(0)).isCloseTo(0.15, within(1e-12));
        assertThat(found.bestThresholds().get(1)).isEqualTo(0.5);
        assertThat(found.metrics().micro().f1()).isEqualTo(0);
        assertThat(found.withThresholds(List.of(0.15, 1.0)).metrics().micro().f1())
                .isEqualTo(1);
    }

    @Test
    void ofEqualThresholdsItIsTheNearestToTheMiddle() {
        assertThat(scores(List.of(List.of(true), List.of(false)), List.of(List.of(0.9), List.of(0.2)))
                        .bestThresholds())
                .containsExactly(0.5);
        assertThat(scores(List.of(List.of(true), List.of(true)), List.of(List.of(0.3), List.of(0.3)))
                        .bestThresholds())
                .containsExactly(0.15);
    }

    /** No other threshold has a greater F1. */
    @Test
    void aThresholdIsTheBestOne() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 20; round++) {
            List<List<Boolean>> actual = new ArrayList<>();
            List<List<Double>> values = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                actual.add(List.of(random.nextInt(3) == 0));
                values.add(List.of(random.nextInt(12) / 12.0));
            }
            LabelledScores found = scores(actual, values);
            double best = found.withThresholds(found.bestThresholds())
                    .metrics()
                    .micro()
                    .f1();
            for (int i = 0; i <= 100; i++) {
                assertThat(found.withThresholds(List.of(i / 100.0))
                                .metrics()
                                .micro()
                                .f1())
                        .isLessThanOrEqualTo(best + 1e-12);
            }
        }
    }

    @Test
    void theSameLabelsForAllTextsAreMeasuredAsWell() {
        LabelledScores found = scores(
                List.of(List.of(true, false), List.of(false, false)), List.of(List.of(0.1, 0.1), List.of(0.1, 0.1)));
        assertThat(found.always(List.of(true, false)).metrics().micro().f1()).isCloseTo(2.0 / 3, within(1e-12));
        assertThat(found.always(List.of(false, false)).metrics().micro().f1()).isEqualTo(0);
    }

    @Test
    void eachTextHasScores() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> scores(List.of(List.of(true)), List.of()))
                .withMessage("there must be scores for each of the 1 texts, found some for 0");
    }
}
