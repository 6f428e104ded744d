package org.lora4j.cli.classify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.data.Labels;
import org.lora4j.text.train.ClassifiedTexts;

class LearningCurveTest {
    /** 100 texts of the second class, of which some are predicted rightly. */
    private static List<Integer> predicted(int right) {
        return Stream.concat(Collections.nCopies(right, 1).stream(), Collections.nCopies(100 - right, 0).stream())
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "70, by +30.0 points (95 %: +20, more texts would probably help.",
        "99, by +1.0 points (95 %: −, whether more would help cannot be told from chance.",
        "100, by 0.0 points, cannot be told from chance."
    })
    void theLastDoublingSaysWhetherMoreTextsHelp(int half, String difference, String advice) {
        ClassifiedTexts judging = new ClassifiedTexts(
                Labels.of(List.of("a", "b")), Collections.nCopies(100, 1), predicted(80), List.of());
        SortedMap<Integer, List<Integer>> predictions = new TreeMap<>();
        predictions.put(1000, predicted(100));
        predictions.put(500, predicted(half));
        LearningCurve curve = Objects.requireNonNull(LearningCurve.of(judging, predictions));
        assertThat(curve.points())
                .containsExactly(new LearningCurve.Point(500, half / 100.0), new LearningCurve.Point(1000, 1));
        assertThat(curve.verdict()).contains(difference).endsWith(advice);
        assertThat(curve.line()).startsWith("frozen model with 500, 1,000 texts: " + half + ".0 %, 100.0 %");
        predictions.remove(500);
        assertThat(LearningCurve.of(judging, predictions)).isNull();
    }
}
