package org.lora4j.cli.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** Parts of the pages. */
final class PageParts {
    /** What wrote the page, in its foot. */
    static final String PROGRAM = "command line";

    private PageParts() {}

    static String training(TrainingSummary training) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("Steps", Words.count(training.steps()));
        values.put("Epochs", Words.count(training.epochs()));
        values.put("Time", Words.duration(training.seconds()));
        values.put("Mean loss of the last 100 steps", Words.loss(training.loss()));
        if (training.bestEpoch() > 0) {
            values.put("Best validation, which was kept", "epoch " + training.bestEpoch());
        }
        values.put("Ended by", training.stopReason().toLowerCase(Locale.ROOT).replace('_', ' '));
        return HtmlTable.of("What", "Value", values);
    }

    /** Returns the tiles that each training has. */
    static String sizeTiles(TrainingReport<?> report) {
        return Html.tile(
                        Words.count(report.sizes().trainable()),
                        "trained parameters, beside "
                                + Words.count(report.sizes().frozen()) + " of the model")
                + Html.tile(
                        Words.duration(report.training().seconds()),
                        "for " + Words.count(report.training().steps()) + " steps");
    }

    static String figures(Map<String, Picture> charts) {
        return charts.values().stream().map(picture -> Html.figure(picture, "")).collect(Collectors.joining("\n"));
    }

    static String figure(Map<String, Picture> charts, String name, String caption) {
        Picture picture = charts.get(name);
        return picture == null ? "" : Html.figure(picture, caption);
    }

    static String skipped(List<String> skipped) {
        if (skipped.isEmpty()) {
            return "";
        }
        return "<h3>Lines that were left out: %s</h3>\n<p>At most ten are shown.</p>\n%s"
                .formatted(
                        Words.count(skipped.size()),
                        Html.list(skipped.stream().limit(10).toList()));
    }
}
