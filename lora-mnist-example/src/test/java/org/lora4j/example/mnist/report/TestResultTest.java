package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.example.support.report.TestResult;

class ReportTest {
    @Test
    void derivesAccuracyAndWrongCountsFromTheConfusionMatrix() {
        TestResult base = SampleReport.base();
        assertThat(base.accuracy()).isEqualTo(0.9534);
        assertThat(base.wrong()).containsExactly(33, 28, 42, 95, 19, 10, 61, 52, 19, 107);
        assertThat(base.examples()).isEqualTo(10_000);
        assertThat(base.examples(9)).isEqualTo(1009);
    }

    @Test
    void refusesConfusionMatricesOfAnotherSizeNegativeOrEmpty() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[9][10]))
                .withMessage("confusion must be square, found 9 rows of [10, 10, 10, 10, 10, 10, 10, 10, 10]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleReport.report(
                        SampleReport.settings(),
                        SampleReport.training(),
                        Map.of(),
                        Map.of("four", TestResult.of(new int[][] {{1, 0}, {0, 1}}))))
                .withMessage("a test on MNIST must have 10 classes, found 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[10][10]))
                .withMessageContaining("at least one example");
        int[][] negative = new int[10][10];
        negative[3][4] = -1;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(negative))
                .withMessageContaining("negative");
    }

    @Test
    void turnsALossThatIsNotFiniteIntoNull() {
        assertThat(new Training.Phase(1, 0, Double.NaN).finalLoss()).isNull();
        assertThat(new Training.Phase(1, 0, Double.POSITIVE_INFINITY).finalLoss())
                .isNull();
    }

    @Test
    void refusesSettingsWithoutThoseThatThePageNeeds() {
        for (String key : List.of("digit", "rank", "alpha")) {
            Map<String, @Nullable Object> settings = SampleReport.settings();
            settings.remove(key);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> report(settings))
                    .withMessage("settings: " + key + " must be a number, found null");
        }
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("digit", 12);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> report(settings))
                .withMessage("settings: digit must be in [0, 9], found 12");
    }

    @Test
    void refusesFurtherResultsWithOneOfItsOwnNames() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SampleReport.report(
                        SampleReport.settings(),
                        SampleReport.training(),
                        Map.of(),
                        Map.of("LoRA on", SampleReport.base())))
                .withMessageContaining("'LoRA on'");
    }

    @Test
    void keepsNothingThatTheCallerCanChange() {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        Map<String, String> files = new HashMap<>();
        Report report = SampleReport.report(settings, SampleReport.training(), files, Map.of());
        settings.put("digit", 1);
        files.put("late", "late.txt");
        assertThat(report.digits()).containsExactly(9);
        assertThat(report.files()).isEmpty();

        List<List<Integer>> confusion = new ArrayList<>();
        SampleReport.base().confusion().forEach(row -> confusion.add(new ArrayList<>(row)));
        TestResult result = new TestResult(confusion);
        confusion.get(0).set(0, 0);
        assertThat(result).isEqualTo(SampleReport.base());
    }

    private static Report report(Map<String, @Nullable Object> settings) {
        return SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of());
    }
}
