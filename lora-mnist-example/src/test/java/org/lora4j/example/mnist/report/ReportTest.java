package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReportTest {

    @Test
    void derivesAccuracyAndWrongCountsFromTheConfusionMatrix() {
        TestResult base = SampleReport.base();
        assertThat(base.accuracy()).isEqualTo(0.9534);
        assertThat(base.wrong()).containsExactly(33, 28, 42, 95, 19, 10, 61, 52, 19, 107);
        assertThat(base.images()).isEqualTo(10_000);
        assertThat(base.images(9)).isEqualTo(1009);
    }

    @Test
    void refusesAnAccuracyThatDoesNotFollowFromTheConfusionMatrix() {
        TestResult base = SampleReport.base();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TestResult(0.9, base.wrong(), base.confusion()))
                .withMessage("accuracy must be 0.9534, found 0.9");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TestResult(Double.NaN, base.wrong(), base.confusion()));
    }

    @Test
    void refusesWrongCountsThatDoNotFollowFromTheConfusionMatrix() {
        TestResult base = SampleReport.base();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TestResult(0.9534, SampleReport.lora().wrong(), base.confusion()))
                .withMessageContaining("found [53, 32,");
    }

    @Test
    void refusesConfusionMatricesOfAnotherSizeNegativeOrEmpty() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[9][10]))
                .withMessageContaining("[10][10]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[10][10]))
                .withMessageContaining("at least one image");
        int[][] negative = new int[10][10];
        negative[3][4] = -1;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(negative))
                .withMessageContaining("negative");
    }

    @Test
    void derivesTotalAndPercentageOfParameters() {
        Parameters parameters = SampleReport.parameters();
        assertThat(parameters.total()).isEqualTo(2_813_804);
        assertThat(parameters.incrementPercent()).isCloseTo(0.242, within(5e-4));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Parameters(100, 10, 111, 10, parameters.layers()))
                .withMessage("parameters: total must be original + lora = 110, found 111");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Parameters(100, 10, 110, Double.NaN, parameters.layers()))
                .withMessageContaining("incrementPercent must be 10.0, found NaN");
    }

    @Test
    void refusesShapesThatDoNotBelongToTheWeight() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LayerParameters.of(
                        "linear1", new long[] {5, 3}, new long[] {5}, new long[] {2, 3}, new long[] {5, 1}))
                .withMessage("linear1: loraB must be [5, 2], found [5, 1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LayerParameters.of(
                        "linear1", new long[] {5, 3}, new long[] {3}, new long[] {2, 3}, new long[] {5, 2}))
                .withMessage("linear1: bias must be [5], found [3]");
    }

    @Test
    void turnsALossThatIsNotFiniteIntoNull() {
        assertThat(new Training.Phase(1, 0, Double.NaN).finalLoss()).isNull();
        assertThat(new Training.Phase(1, 0, Double.POSITIVE_INFINITY).finalLoss())
                .isNull();
    }

    @Test
    void refusesSettingsWithoutWhatThePageTells() {
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
    void refusesFurtherResultsUnderAnOwnName() {
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
        TestResult result = new TestResult(0.9534, SampleReport.base().wrong(), confusion);
        confusion.get(0).set(0, 0);
        assertThat(result).isEqualTo(SampleReport.base());
    }

    private static Report report(Map<String, @Nullable Object> settings) {
        return SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of());
    }
}
