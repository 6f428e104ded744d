package org.lora4j.example.text.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;
import org.lora4j.example.text.report.ClassifyReport.Passage;
import org.lora4j.example.text.report.ClassifyReport.Phase;

/** The page of a run of {@code classify}, for readers who do not know the code, in one file. */
final class ClassifyPage {
    /** The page shows at most this many passages of a kind. */
    private static final int MOST_PASSAGES = 10;

    private final ClassifyReport report;
    private final Map<ClassifyCharts.File, Picture> charts;

    ClassifyPage(ClassifyReport report, Map<ClassifyCharts.File, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("texts", Html.escape(report.texts().title()));
        values.put("tiles", tiles());
        values.put("classes", Html.escape(Words.list(report.classNames())));
        values.put("train", Words.count(report.texts().train()));
        values.put("test", Words.count(report.texts().test()));
        values.put("meanTokens", Words.fixed(report.texts().meanTokens(), 1));
        values.put("comparison", comparisonTable());
        values.put("findings", Html.list(new ClassifyFindings(report).sentences()));
        values.put("references", Html.list(report.references()));
        values.put(
                "confusion",
                figure(ClassifyCharts.File.CONFUSION_FROZEN, "") + figure(ClassifyCharts.File.CONFUSION_LORA, ""));
        values.put(
                "chartNote",
                charts.isEmpty() ? "<p class=\"lead\">No charts: Java found no fonts on this machine.</p>" : "");
        values.put("fixedCount", Words.count(report.fixed().size()));
        values.put("fixed", passages(report.fixed()));
        values.put("brokenCount", Words.count(report.broken().size()));
        values.put("broken", passages(report.broken()));
        values.put("verdict", verdict());
        values.put("sizes", sizesTable());
        values.put("targets", targetsTable());
        values.put("times", timesTable());
        values.put("loss", figure(ClassifyCharts.File.LOSS, "Each dot is one batch."));
        values.put("settings", settingsTable());
        values.put("files", filesTable());
        return Html.fillTemplate(ClassifyPage.class, "classify.html", values);
    }

    private String tiles() {
        return Html.tile(
                        Words.fixed(100 * report.frozen().accuracy(), 1) + " → "
                                + Words.fixed(100 * report.lora().accuracy(), 1) + " %",
                        "accuracy, frozen encoder → with LoRA")
                + Html.tile(
                        kilobytes(report.sizes().adapter()) + " beside "
                                + megabytes(report.sizes().base()),
                        "the adapter's file beside the model's")
                + Html.tile(
                        Words.duration(report.loraTraining().seconds()),
                        "for " + Words.count(report.loraTraining().iterations()) + " batches with LoRA")
                + Html.tile(
                        report.baseIsUnchanged() ? "unchanged" : "CHANGED", "the base after the training, bit for bit");
    }

    private static String kilobytes(long bytes) {
        return Words.count(Math.round(bytes / 1e3)) + " KB";
    }

    private static String megabytes(long bytes) {
        return Words.fixed(bytes / 1e6, 1) + " MB";
    }

    private String comparisonTable() {
        List<String> header = new ArrayList<>(List.of("Encoder", "Accuracy", "Wrong"));
        header.addAll(report.classNames());
        HtmlTable table = new HtmlTable().header(header.toArray(String[]::new));
        table.row("", row("Frozen", report.frozen()));
        table.row("", row("LoRA", report.lora()));
        table.row("", row("LoRA, merged", report.merged()));
        List<String> differences = new ArrayList<>(List.of(
                "Difference by LoRA",
                Words.points(report.lora().accuracy() - report.frozen().accuracy()),
                Words.difference(report.lora().wrongTotal() - report.frozen().wrongTotal())));
        for (int i = 0; i < report.lora().classes(); i++) {
            differences.add(Words.difference(
                    report.lora().wrong().get(i) - report.frozen().wrong().get(i)));
        }
        return table.row("total", differences).html();
    }

    private static List<String> row(String name, TestResult result) {
        List<String> cells =
                new ArrayList<>(List.of(name, Words.percent(result.accuracy()), Words.count(result.wrongTotal())));
        result.wrong().forEach(wrong -> cells.add(Words.count(wrong)));
        return cells;
    }

    private String passages(List<Passage> passages) {
        if (passages.isEmpty()) {
            return "<p>None.</p>";
        }
        return passages.stream()
                .limit(MOST_PASSAGES)
                .map(passage ->
                        "<div class=\"card\"><p><strong>%s</strong> – the frozen encoder says %s, LoRA says %s</p>%s</div>"
                                .formatted(
                                        name(passage.actual()),
                                        name(passage.frozen()),
                                        name(passage.lora()),
                                        Html.escape(passage.text())))
                .collect(Collectors.joining("\n"));
    }

    private String name(int index) {
        return Html.escape(report.classNames().get(index));
    }

    private String verdict() {
        long same = report.frozenUnchanged().values().stream()
                .filter(unchanged -> unchanged)
                .count();
        String text = same + " of " + report.frozenUnchanged().size()
                + " parameters of the base have the same bits as before the training. Without the adapter its output "
                + (report.baseOutputUnchanged() ? "has the same bits, too." : "DIFFERS.");
        return "<p class=\"verdict %s\">%s</p>".formatted(report.baseIsUnchanged() ? "yes" : "no", Html.escape(text));
    }

    private String sizesTable() {
        ParameterReport parameters = report.parameters();
        return new HtmlTable()
                .header("What", "Parameters", "File")
                .row(
                        "The model",
                        Words.count(parameters.original()),
                        megabytes(report.sizes().base()))
                .row(
                        "The adapter with its classifier",
                        Words.count(report.adapterParameters()),
                        kilobytes(report.sizes().adapter()))
                .row(
                        "The adapter's share",
                        Words.percent(report.adapterParameters() / (double) parameters.original()),
                        Words.percent(report.sizes().adapter()
                                / (double) report.sizes().base()))
                .html();
    }

    private String targetsTable() {
        long adapted = report.parameters().layers().stream()
                .filter(layer -> layer.loraA() != null)
                .count();
        return "<p>" + Html.escape("The adapter changes " + adapted + " linear layers.") + "</p>";
    }

    private String timesTable() {
        return new HtmlTable()
                .header("Training", "Batches", "Time", "Each", "Loss at the end")
                .row(times("Classifier on the frozen encoder", report.frozenTraining()))
                .row(times("LoRA", report.loraTraining()))
                .html();
    }

    private static String[] times(String name, Phase phase) {
        return new String[] {
            name,
            Words.count(phase.iterations()),
            Words.duration(phase.seconds()),
            Words.fixed(1000 * phase.seconds() / phase.iterations(), 1) + " ms",
            Words.loss(phase.finalLoss())
        };
    }

    private String figure(ClassifyCharts.File chart, String caption) {
        Picture picture = charts.get(chart);
        return picture == null ? "" : Html.figure(picture, caption);
    }

    private String settingsTable() {
        HtmlTable table = new HtmlTable().ofText().header("Setting", "Value");
        report.settings().forEach((name, value) -> table.row(name, value == null ? "–" : String.valueOf(value)));
        return table.html();
    }

    private String filesTable() {
        HtmlTable table = new HtmlTable().ofText().header("What", "File");
        report.files().forEach(table::row);
        return table.html();
    }
}
