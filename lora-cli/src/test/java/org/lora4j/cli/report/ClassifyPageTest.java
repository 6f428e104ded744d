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
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.example.support.report.Page;
import org.lora4j.example.support.report.TextOutput;

class ClassifyPageTest {
    private static TrainingReport<ClassifyResult> report(double before, double after) {
        ClassifyResult.Changed changed = new ClassifyResult.Changed("<b>text</b>", "a", "b", "a");
        return new TrainingReport<>(
                "model",
                Map.of("rank", 8, "text", "text"),
                new TrainingReport.Sizes(1, 2, 3, 4, 5, 6, 0),
                new TrainingSummary(1, 1, "COMPLETED", 1, 0.5, 1, List.of(), Map.of()),
                new ClassifyResult(
                        List.of(new ClassifyResult.ClassCount("a", 1, 1)),
                        metrics(before),
                        metrics(after),
                        List.of(changed),
                        List.of()),
                List.of("file.csv:7: wrong"),
                Map.of("page", "report.html"));
    }

    private static ClassMetrics metrics(double accuracy) {
        return new ClassMetrics(4, accuracy, accuracy, List.of(), List.of());
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0.5, true", "0.5, 0.4, true", "0.5, 0.6, false"})
    void saysWhatToDoIfTheAdapterIsNotBetter(double before, double after, boolean advises) {
        StringWriter text = new StringWriter();
        new ClassifyPage(report(before, after)).print(new TextOutput(new PrintWriter(text, true)));
        assertThat(text.toString().contains("Train longer with --epochs")).isEqualTo(advises);
    }

    @Test
    void itsPageShowsTheNumbersAndEscapesTexts() {
        TrainingReport<ClassifyResult> report = report(0.5, 0.625);
        ClassifyPage task = new ClassifyPage(report);
        String page = Page.of(
                TrainingFiles.class,
                task.template(),
                Map.of(
                        "report", report,
                        "headline", task.headline(),
                        "lead", task.lead(),
                        "resultsTitle", task.resultsTitle(),
                        "charts", Map.of()));
        assertThat(page)
                .contains("50.0 → 62.5 %", "frozen encoder → adapter", "&lt;b&gt;text&lt;/b&gt;", "file.csv:7: wrong")
                .contains("<th scope=\"row\">rank</th><td>8</td>", "No charts")
                .doesNotContain("<b>", "${", "<#", "<@");
    }
}
