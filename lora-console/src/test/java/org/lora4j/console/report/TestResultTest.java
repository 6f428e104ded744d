package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestResultTest {
    private final TestResult result = TestResult.of(new int[][] {{7, 1, 0}, {2, 5, 3}, {0, 0, 2}});

    @Test
    void derivesAccuracyAndWrongCountsFromTheConfusionMatrix() {
        assertThat(result.accuracy()).isEqualTo(14 / 20.0);
        assertThat(result.wrong()).containsExactly(1, 5, 0);
        assertThat(result.wrongTotal()).isEqualTo(6);
        assertThat(result.examples()).isEqualTo(20);
        assertThat(result.examples(1)).isEqualTo(10);
        assertThat(result.classes()).isEqualTo(3);
        assertThat(result.mostErrors()).isEqualTo(3);
        assertThat(TestResult.of(new int[][] {{4}}).mostErrors()).isZero();
    }

    @Test
    void refusesConfusionMatricesThatAreNotSquareNegativeOrEmpty() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[2][3]))
                .withMessage("confusion must be square, found 2 rows of [3, 3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[3][3]))
                .withMessage("confusion must count at least one example");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestResult.of(new int[][] {{1, -1}, {0, 1}}))
                .withMessage("confusion must not have negative counts, found [[1, -1], [0, 1]]");
    }

    @Test
    void keepsNothingThatTheCallerCanChange() {
        List<List<Integer>> confusion = new ArrayList<>();
        result.confusion().forEach(row -> confusion.add(new ArrayList<>(row)));
        TestResult copy = new TestResult(confusion);
        confusion.get(0).set(0, 0);
        assertThat(copy).isEqualTo(result);
    }

    @Test
    void standsInJsonWithWhatFollowsFromItAndIsReadAgain() throws IOException {
        byte[] json = ReportJson.toBytes(result);
        assertThat(new String(json, StandardCharsets.UTF_8).replaceAll("\\s", ""))
                .isEqualTo("{\"accuracy\":0.7,\"wrong\":[1,5,0],\"confusion\":[[7,1,0],[2,5,3],[0,0,2]]}");
        assertThat(ReportJson.fromBytes(json, TestResult.class)).isEqualTo(result);
    }
}
