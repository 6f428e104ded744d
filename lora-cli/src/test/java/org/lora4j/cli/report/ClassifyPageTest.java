package org.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.classify.LearningCurve;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.train.Copies;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.PairedDifference;

class ClassifyPageTest {
    private static TrainingReport<ClassifyResult> report(Judgement.MeasuredOn on, PairedDifference difference) {
        ClassifyResult.Changed changed = new ClassifyResult.Changed("<b>text</b>", "a", "b", "a");
        return new TrainingReport<>(
                "model",
                Map.of("rank", 8, "text", "text"),
                new TrainingReport.Sizes(1, 2, 3, 4, 4, new Copies(7, 0), 5, 6, 0),
                new TrainingSummary(9, 1, "COMPLETED", 1, 0.25, 3, 1, List.of(), Map.of()),
                new ClassifyResult(
                        List.of(new ClassifyResult.ClassCount("a", 1, 1, 1)),
                        new ClassifyResult.Learned("probe", "softmax regression", true, 3, 10),
                        new Judgement(
                                on,
                                "text",
                                4,
                                Metric.ACCURACY,
                                0.625,
                                List.of(
                                        new Comparison("the frozen model", 0.5, difference),
                                        new Comparison(
                                                "the most frequent class",
                                                0.375,
                                                new PairedDifference(0.25, 0.01, 0.4)))),
                        metrics(0.5),
                        metrics(0.5),
                        metrics(0.625),
                        new Calibration(List.of(new Calibration.Bin(0.5, 0.6, 4, 0.55, 0.5)), 0.05),
                        new LearningCurve(
                                List.of(new LearningCurve.Point(2, 0.4), new LearningCurve.Point(4, 0.5)),
                                new PairedDifference(0.1, -0.2, 0.4)),
                        List.of(changed),
                        List.of()),
                List.of("file.csv:7: wrong"),
                Map.of("page", "report.html"));
    }

    private static ClassMetrics metrics(double accuracy) {
        return new ClassMetrics(4, accuracy, accuracy, List.of(), List.of());
    }

    private static String printed(TrainingReport<ClassifyResult> report) {
        StringWriter text = new StringWriter();
        TrainingFiles.print(new TextOutput(new PrintWriter(text, true)), Path.of("folder"), report);
        return text.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "-0.05, 0.07, true, The test texts do not show that the adapter is better than the frozen model: chance",
        "-0.2, -0.1, true, The adapter is worse than the frozen model.",
        "0.01, 0.3, false, The adapter is better than the frozen model and the most frequent class."
    })
    void saysWhatTheTextsShow(double low, double high, boolean advises, String verdict) {
        String text = printed(report(Judgement.MeasuredOn.TEST, new PairedDifference(0.017, low, high)));
        assertThat(text.contains("Train longer with --epochs")).isEqualTo(advises);
        assertThat(text)
                .contains("word counts:    accuracy 50.00 %", "frozen model:   accuracy 50.00 %")
                .contains("adapter:        accuracy 62.50 %", "measured on 4 test texts\n")
                .contains("adapter against the frozen model: +1.7 points (95 %: ")
                .contains("expected calibration error 0.0500", verdict);
    }

    @Test
    void saysThatValidationTextsChoseTheEpoch() {
        assertThat(printed(report(Judgement.MeasuredOn.VALIDATION, new PairedDifference(0.1, 0.01, 0.2))))
                .contains("measured on 4 validation texts\n", "The validation texts also chose the epoch");
    }

    @Test
    void itsCardEscapesLabels() {
        assertThat(Markdown.escaped("a|b <i>*c*_d_ [x](y)\n`e` \\ #1"))
                .isEqualTo("a\\|b \\<i\\>\\*c\\*\\_d\\_ \\[x\\]\\(y\\) \\`e\\` \\\\ \\#1");
    }

    /** The verdict, its interval and the baselines stand beside the first number. */
    @Test
    void itsPageShowsTheVerdictAndEscapesTexts() {
        TrainingReport<ClassifyResult> report =
                report(Judgement.MeasuredOn.TEST, new PairedDifference(0.125, -0.2, 0.3));
        String page = TrainingFiles.page(
                report,
                new TaskPage(
                        "classify.ftlh", "text-classification", "A classifier", "It was trained.", "About.", "predict"),
                Map.of());
        assertThat(page)
                .contains(
                        "<strong>62.5 %</strong><span>accuracy on 4 test texts; the frozen model 50.0 %, the most frequent"
                                + " class 37.5 %</span>",
                        "<strong>+12.5 points</strong><span>against the frozen model; 95 %: −20.0 to +30.0</span>",
                        "<p class=\"verdict open\">The test texts do not show that the adapter is better than the frozen"
                                + " model: chance can explain the difference.</p>",
                        "<th scope=\"row\">the frozen model</th><td>50.0 %</td><td>+12.5</td><td>−20.0 to +30.0</td>",
                        "7 rows have the text of an earlier row; equal texts are in one part.",
                        "Mean loss of the last 3 steps",
                        "&lt;b&gt;text&lt;/b&gt;",
                        "file.csv:7: wrong")
                .contains("<th scope=\"row\">rank</th><td>8</td>", "No charts")
                .doesNotContain("<b>", "${", "<#", "<@");
        assertThat(ModelCard.results(report.result()))
                .containsEntry("accuracy on 4 test texts", "62.5 %")
                .containsEntry("accuracy of the frozen model", "50.0 %")
                .containsEntry("adapter against the frozen model", "+12.5 points (95 %: −20.0 to +30.0)")
                .containsKey("verdict");
    }
}
