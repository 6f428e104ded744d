package org.lora4j.example.mnist.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;

/** The page {@code report.html}: the results of a run for readers who do not know the code, in one file. */
final class ReportPage {
    private final Report report;
    private final Map<Charts.File, Picture> charts;

    ReportPage(Report report, Map<Charts.File, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("digits", Html.escape(DigitWords.of(report.digits())));
        values.put("adapters", Html.escape(adapters()));
        values.put("tiles", tiles());
        values.put("rank", Html.escape(Words.number(report.rank())));
        values.put("alpha", Html.escape(Words.number(report.alpha())));
        values.put("scale", Html.escape(Words.number(report.alpha() / report.rank())));
        values.put("network", Html.escape(network()));
        values.put("parameters", parameterTable());
        values.put("increment", Html.escape(increment()));
        values.put("training", Html.paragraphs(training()));
        values.put("verdict", verdict());
        values.put("frozen", checks(report.frozenUnchanged()));
        values.put("effective", checks(report.effectiveWeightExact()));
        values.put("disabled", checks(report.disabledEqualsOriginal()));
        values.put("comparison", comparisonTable());
        values.put("chartNote", chartNote());
        values.put("findings", Html.list(new Findings(report).sentences()));
        values.put("wrongPerDigit", figure(Charts.File.WRONG_PER_DIGIT, "The same counts as in the table above."));
        values.put("confusion", figure(Charts.File.CONFUSION_BASE, "") + figure(Charts.File.CONFUSION_LORA, ""));
        values.put(
                "examples",
                figure(
                        Charts.File.EXAMPLES,
                        "Below each image: the digit that it shows, then the prediction without LoRA → with LoRA."));
        values.put(
                "losses",
                figure(Charts.File.LOSS_BASE, "Each dot is one batch.")
                        + figure(Charts.File.LOSS_FINE_TUNE, "Each dot is one batch."));
        values.put("settings", settingsTable());
        values.put("files", filesTable());
        return Html.fillTemplate(ReportPage.class, "report.html", values);
    }

    private String adapters() {
        return report.digits().size() == 1
                ? "a small adapter was trained on " + DigitWords.of(report.digits()) + " only"
                : "a small adapter was trained on each of the " + DigitWords.of(report.digits())
                        + " (below, \"LoRA on\" means all adapters together)";
    }

    private String tiles() {
        StringBuilder tiles = new StringBuilder();
        for (int digit : report.digits()) {
            tiles.append(Html.tile(
                    Words.count(report.base().wrong().get(digit)) + " → "
                            + Words.count(report.loraEnabled().wrong().get(digit)),
                    "wrong predictions for digit " + digit));
        }
        return tiles.append(Html.tile(
                        Words.fixed(100 * report.base().accuracy(), 2) + " → "
                                + Words.percent(report.loraEnabled().accuracy()),
                        "accuracy over all digits"))
                .append(Html.tile(
                        Words.count(report.parameters().lora()),
                        (report.digits().size() == 1 ? "trained parameters, " : "trained parameters in each adapter, ")
                                + Words.count(report.parameters().original()) + " frozen ones"))
                .append(Html.tile(
                        Words.duration(report.training().fineTune().seconds()),
                        "for " + Words.count(report.training().fineTune().iterations()) + " fine-tuning batches"))
                .toString();
    }

    private String network() {
        List<ParameterReport.Layer> layers = report.parameters().layers();
        return Stream.concat(
                        Stream.of(layers.get(0).weight().get(1)),
                        layers.stream().map(layer -> layer.weight().get(0)))
                .map(String::valueOf)
                .collect(Collectors.joining(" → "));
    }

    private String parameterTable() {
        HtmlTable table =
                new HtmlTable().header("Layer", "W (frozen)", "b (frozen)", "A", "B", "Original", "LoRA", "Increment");
        for (ParameterReport.Layer layer : report.parameters().layers()) {
            table.row(
                    layer.path(),
                    HtmlTable.shape(layer.weight()),
                    HtmlTable.shape(layer.bias()),
                    HtmlTable.shape(layer.loraA()),
                    HtmlTable.shape(layer.loraB()),
                    Words.count(layer.original()),
                    Words.count(layer.lora()),
                    threeDigits(100.0 * layer.lora() / layer.original()));
        }
        return table.row(
                        "total",
                        List.of(
                                "Total",
                                "",
                                "",
                                "",
                                "",
                                Words.count(report.parameters().original()),
                                Words.count(report.parameters().lora()),
                                increment()))
                .html();
    }

    private String increment() {
        return threeDigits(report.parameters().incrementPercent());
    }

    private static String threeDigits(double percent) {
        return Words.fixed(percent, 3) + " %";
    }

    private List<String> training() {
        List<String> texts = new ArrayList<>();
        Training.@Nullable Phase base = report.training().base();
        texts.add(
                base == null
                        ? "The base was not trained in this run. It was loaded from a file."
                        : "First the whole network was trained on all digits: " + phase(base));
        texts.add("Then only the factors A and B were trained, on images of " + DigitWords.of(report.digits())
                + (report.digits().size() == 1 ? "" : " (one adapter for each digit, one after the other)") + replay()
                + ": " + phase(report.training().fineTune()));
        return texts;
    }

    private static String phase(Training.Phase phase) {
        return Words.count(phase.iterations()) + " batches in " + Words.duration(phase.seconds())
                + ", loss of the last batch " + Words.loss(phase.finalLoss()) + ".";
    }

    private String replay() {
        return report.settings().get("replay") instanceof Number share && share.doubleValue() > 0
                ? "; " + Words.percent(share.doubleValue()) + " of each batch show other digits"
                : "";
    }

    private String verdict() {
        List<Boolean> all = Stream.of(
                        report.frozenUnchanged(), report.effectiveWeightExact(), report.disabledEqualsOriginal())
                .flatMap(map -> map.values().stream())
                .toList();
        long held = all.stream().filter(holds -> holds).count();
        return "<p class=\"verdict %s\">%s</p>"
                .formatted(
                        held == all.size() ? "yes" : "no",
                        Html.escape(held + " of " + all.size() + " checks of this run hold."));
    }

    private static String checks(Map<String, Boolean> checks) {
        return checks.entrySet().stream()
                .map(check -> Html.check(check.getValue(), check.getKey()))
                .collect(Collectors.joining("\n", "<ul class=\"checks\">\n", "\n</ul>"));
    }

    private String comparisonTable() {
        List<String> header = new ArrayList<>(List.of("Network", "Accuracy", "Wrong"));
        IntStream.range(0, MnistData.CLASSES).forEach(digit -> header.add(String.valueOf(digit)));
        HtmlTable table = new HtmlTable()
                .highlight(report.digits().stream().map(digit -> digit + 3).toList())
                .header(header.toArray(String[]::new));
        report.comparison().forEach((name, result) -> {
            List<String> cells =
                    new ArrayList<>(List.of(name, Words.percent(result.accuracy()), Words.count(result.wrongTotal())));
            result.wrong().forEach(wrong -> cells.add(Words.count(wrong)));
            table.row("", cells);
        });
        return table.row("total", differences()).html();
    }

    private List<String> differences() {
        TestResult base = report.base();
        TestResult lora = report.loraEnabled();
        List<String> cells = new ArrayList<>();
        cells.add("Difference by LoRA");
        cells.add(Words.points(lora.accuracy() - base.accuracy()));
        cells.add(Words.difference(lora.wrongTotal() - base.wrongTotal()));
        for (int digit = 0; digit < MnistData.CLASSES; digit++) {
            cells.add(Words.difference(lora.wrong().get(digit) - base.wrong().get(digit)));
        }
        return cells;
    }

    /** Explains why the page has no charts. */
    private String chartNote() {
        return charts.isEmpty() ? "<p class=\"lead\">No charts: Java found no fonts on this machine.</p>" : "";
    }

    private String figure(Charts.File chart, String caption) {
        Picture picture = charts.get(chart);
        return picture == null ? "" : Html.figure(picture, caption);
    }

    private String settingsTable() {
        HtmlTable table = new HtmlTable().ofText().header("Setting", "Value");
        report.settings().forEach((name, value) -> table.row(name, value == null ? "–" : String.valueOf(value)));
        if (!report.settings().containsKey("seed")) {
            table.row("seed", String.valueOf(report.seed()));
        }
        return table.html();
    }

    private String filesTable() {
        HtmlTable table = new HtmlTable().ofText().header("What", "File");
        report.files().forEach(table::row);
        return table.html();
    }
}
