package org.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.classify.PairedDifference;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.TextOutput;

class ClassifyPageTest {
    private static TrainingReport<ClassifyResult> report(
            String measuredOn, double before, double after, PairedDifference difference) {
        ClassifyResult.Changed changed = new ClassifyResult.Changed("<b>text</b>", "a", "b", "a");
        return new TrainingReport<>(
                "model",
                Map.of("rank", 8, "text", "text"),
                new TrainingReport.Sizes(1, 2, 3, 4, 5, 6, 0),
                new TrainingSummary(1, 1, "COMPLETED", 1, 0.5, 1, List.of(), Map.of()),
                new ClassifyResult(
                        List.of(new ClassifyResult.ClassCount("a", 1, 1, 1)),
                        measuredOn,
                        metrics(before),
                        metrics(before),
                        metrics(after),
                        difference,
                        difference,
                        List.of(changed),
                        List.of()),
                List.of("file.csv:7: wrong"),
                Map.of("page", "report.html"));
    }

    private static ClassMetrics metrics(double accuracy) {
        return new ClassMetrics(4, accuracy, accuracy, List.of(), List.of());
    }

    @ParameterizedTest
    @CsvSource({"-0.05, 0.07, true", "-0.2, -0.1, true", "0.01, 0.3, false"})
    void saysWhatToDoIfTheAdapterIsNotBetter(double low, double high, boolean advises) {
        PairedDifference difference = new PairedDifference(4, 3, 0.017, low, high);
        StringWriter text = new StringWriter();
        new ClassifyPage(report("test", 0.5, 0.6, difference)).print(new TextOutput(new PrintWriter(text, true)));
        assertThat(text.toString().contains("Train longer with --epochs")).isEqualTo(advises);
        assertThat(text.toString().contains("no difference was found")).isEqualTo(low < 0 && high > 0);
        assertThat(text.toString())
                .contains("word counts:    accuracy 50.00 %", "frozen model:   accuracy 50.00 %")
                .contains("adapter:        accuracy 60.00 %", "measured on 4 test texts\n")
                .contains("adapter minus frozen model: +1.7 points (95 %: ");
    }

    @Test
    void saysThatValidationTextsChoseTheEpoch() {
        StringWriter text = new StringWriter();
        new ClassifyPage(report("validation", 0.5, 0.6, new PairedDifference(1, 0, 0.1, 0.01, 0.2)))
                .print(new TextOutput(new PrintWriter(text, true)));
        assertThat(text.toString()).contains("measured on 4 validation texts, which also chose the epoch");
    }

    @Test
    void itsCardEscapesLabels() {
        assertThat(Markdown.escaped("a|b <i>*c*_d_ [x](y)\n`e` \\ #1"))
                .isEqualTo("a\\|b \\<i\\>\\*c\\*\\_d\\_ \\[x\\]\\(y\\) \\`e\\` \\\\ \\#1");
    }

    @Test
    void itsPageShowsTheNumbersAndEscapesTexts() {
        TrainingReport<ClassifyResult> report =
                report("test", 0.5, 0.625, new PairedDifference(4, 3, 0.125, -0.2, 0.3));
        ClassifyPage task = new ClassifyPage(report);
        String page = Page.of(
                TrainingFiles.class,
                task.template(),
                Map.of(
                        "report", report,
                        "headline", task.headline(),
                        "lead", task.lead(),
                        "resultsTitle", task.resultsTitle(),
                        "charts", Map.of(),
                        "tested", true,
                        "comparisons", task.values().get("comparisons")));
        assertThat(page)
                .contains(
                        "50.0 → 62.5 %",
                        "frozen model → adapter",
                        "+12.5 points (95 %: −20.0 to +30.0)",
                        "no difference was found",
                        "&lt;b&gt;text&lt;/b&gt;",
                        "file.csv:7: wrong")
                .contains("<th scope=\"row\">rank</th><td>8</td>", "No charts")
                .doesNotContain("<b>", "${", "<#", "<@");
    }
}
