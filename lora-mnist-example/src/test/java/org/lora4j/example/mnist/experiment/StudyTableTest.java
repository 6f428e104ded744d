package org.lora4j.example.mnist.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.console.report.TestResult;

class StudyTableTest {
    @Test
    void givesMeanAndSampleStandardDeviation() {
        StudyTable table = new StudyTable(9);
        table.add("some", List.of(wrongNines(1), wrongNines(2), wrongNines(6)));
        StringWriter text = new StringWriter();
        table.print(new PrintWriter(text));
        // Mean 3, deviation √((4 + 1 + 9) / 2) = 2.65; accuracies of 20 images: 95, 90 and 70 %.
        assertThat(text.toString()).contains("| some | 3.0 ± 2.6 | 3.0 ± 2.6 | 85.00 ± 13.23 |");
    }

    @Test
    void addsTheTestsOfOtherTablesToTheirRows() {
        StudyTable all = new StudyTable(9);
        for (int wrong : new int[] {1, 2, 6}) {
            StudyTable one = new StudyTable(9);
            one.add("some", List.of(wrongNines(wrong)));
            all.addAll(one);
        }
        StringWriter text = new StringWriter();
        all.print(new PrintWriter(text));
        assertThat(text.toString()).contains("| some | 3.0 ± 2.6 | 3.0 ± 2.6 | 85.00 ± 13.23 |");
    }

    private static TestResult wrongNines(int wrong) {
        int[][] confusion = new int[10][10];
        confusion[0][0] = 10;
        confusion[9][9] = 10 - wrong;
        confusion[9][4] = wrong;
        return TestResult.of(confusion);
    }
}
