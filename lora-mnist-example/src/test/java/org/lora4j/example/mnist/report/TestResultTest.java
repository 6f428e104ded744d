package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.example.support.report.TestResult;

class TestResultTest {
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
                .isThrownBy(() -> TestResult.of(new int[10][10]))
                .withMessageContaining("at least one example");
        int[][] negative = new int[10][10];
        negative[3][4] = -1;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(negative))
                .withMessageContaining("negative");
    }

    @Test
    void keepsNothingThatTheCallerCanChange() {
        List<List<Integer>> confusion = new ArrayList<>();
        SampleReport.base().confusion().forEach(row -> confusion.add(new ArrayList<>(row)));
        TestResult result = new TestResult(confusion);
        confusion.get(0).set(0, 0);
        assertThat(result).isEqualTo(SampleReport.base());
    }
}
