package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FindingsTest {

    private static final int[] SPREAD = {1, 2, 3};

    @Test
    void tellsGainAndPrice() {
        assertThat(new Findings(SampleReport.report()).sentences())
                .contains(
                        "Digit 9: wrong answers fell from 107 to 11 of 1,009 test images.",
                        "All digits together: accuracy fell from 95.34 % to 84.33 %, that is 466 wrong answers before and "
                                + "1,567 after, of 10,000.",
                        "Of the other digits, 7 (52 → 677), 8 (19 → 193), 4 (19 → 186), 3 (95 → 201), 5 (10 → 85), "
                                + "0 (33 → 53), 2 (42 → 60), 6 (61 → 69) and 1 (28 → 32) got worse, the most harmed first; "
                                + "none got better.")
                .anyMatch(sentence -> sentence.startsWith("The network now answers 9 for"))
                .contains(
                        "With the adapter switched off, the network gives the base's answers again, count for count.",
                        "Merged into plain weights, the adapter gives the same counts as when it lies beside them.");
    }

    @Test
    void tellsARiseAsARise() {
        TestResult before = SampleReport.result(new int[] {5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, SPREAD);
        TestResult after = SampleReport.result(new int[] {4, 5, 5, 5, 5, 5, 5, 5, 5, 6}, SPREAD);
        List<String> sentences = sentences(before, after, before, after);
        assertThat(sentences)
                .contains(
                        "Digit 9: wrong answers rose from 5 to 6 of 1,009 test images.",
                        "All digits together: accuracy stayed at 99.50 %, that is 50 wrong answers before "
                                + "and 50 after, of 10,000.",
                        "Of the other digits, none got worse; 0 (5 → 4) got better.")
                .noneMatch(sentence -> sentence.startsWith("The network now answers"));
    }

    @Test
    void tellsWhenSwitchingOffOrMergingChangesTheAnswers() {
        TestResult before = SampleReport.base();
        TestResult after = SampleReport.lora();
        assertThat(sentences(before, after, after, before))
                .contains(
                        "With the adapter switched off, the network does not give the base's answers: it has 1,567 wrong "
                                + "answers, the base 466.",
                        "Merged into plain weights, the adapter gives 466 wrong answers, beside them 1,567.");
    }

    @Test
    void tellsEachOfSeveralDigits() {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("digits", List.of(4, 9));
        Report report = SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of());
        assertThat(new Findings(report).sentences())
                .contains("Digit 4: wrong answers rose from 19 to 186 of 982 test images.")
                .contains("Digit 9: wrong answers fell from 107 to 11 of 1,009 test images.");
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
