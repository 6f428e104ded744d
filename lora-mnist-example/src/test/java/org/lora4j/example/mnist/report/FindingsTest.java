package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.example.support.report.TestResult;

class FindingsTest {
    private static final int[] SPREAD = {1, 2, 3};

    @Test
    void describesGainAndHarm() {
        assertThat(new Findings(SampleReport.report()).sentences())
                .contains(
                        "Digit 9: wrong predictions fell from 107 to 11 of 1,009 test images.",
                        "All digits together: accuracy fell from 95.34 % to 84.33 %. The base has 466 wrong predictions, "
                                + "LoRA 1,567, of 10,000.",
                        "Of the other digits, these got worse, the most first: 7 (52 → 677), 8 (19 → 193), 4 (19 → 186), "
                                + "3 (95 → 201), 5 (10 → 85), 0 (33 → 53), 2 (42 → 60), 6 (61 → 69) and 1 (28 → 32). "
                                + "None got better.")
                .anyMatch(sentence -> sentence.startsWith("With LoRA the network predicts 9 for"))
                .contains(
                        "With LoRA switched off, all counts equal those of the base.",
                        "With LoRA merged into the weights, all counts equal those with LoRA on.");
    }

    @Test
    void describesARise() {
        TestResult before = SampleReport.result(new int[] {5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, SPREAD);
        TestResult after = SampleReport.result(new int[] {4, 5, 5, 5, 5, 5, 5, 5, 5, 6}, SPREAD);
        List<String> sentences = sentences(before, after, before, after);
        assertThat(sentences)
                .contains(
                        "Digit 9: wrong predictions rose from 5 to 6 of 1,009 test images.",
                        "All digits together: accuracy stayed at 99.50 %. The base has 50 wrong predictions, "
                                + "LoRA 50, of 10,000.",
                        "Of the other digits, none got worse. These got better: 0 (5 → 4).")
                .noneMatch(sentence -> sentence.contains("the network predicts"));
    }

    @Test
    void describesDifferencesWhenSwitchedOffOrMerged() {
        TestResult before = SampleReport.base();
        TestResult after = SampleReport.lora();
        assertThat(sentences(before, after, after, before))
                .contains(
                        "With LoRA switched off, the counts differ from those of the base: 1,567 wrong predictions, the "
                                + "base has 466.",
                        "With LoRA merged into the weights, the counts differ from those with LoRA on: 466 wrong "
                                + "predictions, LoRA on has 1,567.");
    }

    @Test
    void describesEachOfSeveralDigits() {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("digits", List.of(4, 9));
        Report report = SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of());
        assertThat(new Findings(report).sentences())
                .contains("Digit 4: wrong predictions rose from 19 to 186 of 982 test images.")
                .contains("Digit 9: wrong predictions fell from 107 to 11 of 1,009 test images.");
    }

    private static List<String> sentences(TestResult base, TestResult on, TestResult off, TestResult merged) {
        Report sample = SampleReport.report();
        return new Findings(new Report(
                        sample.settings(),
                        sample.seed(),
                        sample.parameters(),
                        sample.training(),
                        base,
                        on,
                        off,
                        merged,
                        sample.frozenUnchanged(),
                        sample.effectiveWeightExact(),
                        sample.disabledEqualsOriginal(),
                        sample.files(),
                        sample.results()))
                .sentences();
    }
}
