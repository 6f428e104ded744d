package org.lora4j.example.mnist.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The page {@code report.html}: the story of a run for somebody who has not read the code, in one file. */
final class ReportPage {

    private final Report report;
    private final Map<ChartFile, Picture> charts;

    ReportPage(Report report, Map<ChartFile, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("digits", Html.escape(Words.digits(report.digits())));
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
        values.put("wrongPerDigit", figure(ChartFile.WRONG_PER_DIGIT, "The same counts as in the table above."));
        values.put("confusion", figure(ChartFile.CONFUSION_BASE, "") + figure(ChartFile.CONFUSION_LORA, ""));
        values.put(
                "examples",
                figure(
                        ChartFile.EXAMPLES,
                        "Below each image: the digit it shows, then the base's answer → the answer with LoRA."));
        values.put(
                "losses",
                figure(ChartFile.LOSS_BASE, "Each pale dot is one batch.")
                        + figure(ChartFile.LOSS_FINE_TUNE, "The same for the adapter, on its own batches."));
        values.put("settings", settingsTable());
        values.put("files", filesTable());
        return Template.resource("report.html").fill(values);
    }

    private String adapters() {
        return report.digits().size() == 1
                ? "a small adapter beside them was trained on " + Words.digits(report.digits()) + " only"
                : "small adapters beside them were trained, one on each of the " + Words.digits(report.digits())
                        + ", and \"LoRA on\" below is all of them together";
    }

    private String tiles() {
        StringBuilder tiles = new StringBuilder();
        for (int digit : report.digits()) {
            tiles.append(Html.tile(
                    Words.count(report.base().wrong().get(digit)) + " → "
                            + Words.count(report.loraEnabled().wrong().get(digit)),
                    "wrong answers on digit " + digit));
        }
        return tiles.append(Html.tile(
                        Words.fixed(100 * report.base().accuracy(), 2) + " → "
                                + Words.percent(report.loraEnabled().accuracy()),
                        "accuracy over all digits"))
                .append(Html.tile(
                        Words.count(report.parameters().lora()),
                        (report.digits().size() == 1
                                        ? "trained values beside "
                                        : "trained values in each adapter beside ")
                                + Words.count(report.parameters().original()) + " frozen ones"))
                .append(Html.tile(
                        Words.duration(report.training().fineTune().seconds()),
                        "for " + Words.count(report.training().fineTune().iterations()) + " fine-tuning batches"))
                .toString();
    }

    private String network() {
        List<LayerParameters> layers = report.parameters().layers();
        return Stream.concat(Stream.of(layers.get(0).in()), layers.stream().map(LayerParameters::out))
                .map(String::valueOf)
                .collect(Collectors.joining(" → "));
    }

    private String parameterTable() {
        HtmlTable table =
                new HtmlTable().header("Layer", "W (frozen)", "b (frozen)", "A", "B", "Original", "LoRA", "Increment");
        for (LayerParameters layer : report.parameters().layers()) {
            table.row(
                    layer.name(),
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
                                "Together",
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
                        ? "The base network was not trained in this run: it was loaded from a file."
                        : "First the whole network learned all digits: " + phase(base));
        texts.add("Then the factors A and B alone learned from images of " + Words.digits(report.digits())
                + (report.digits().size() == 1 ? "" : ", an adapter for each, one after the other") + replay()
                + ": " + phase(report.training().fineTune()));
        return texts;
    }

    private static String phase(Training.Phase phase) {
        return Words.count(phase.iterations()) + " batches in " + Words.duration(phase.seconds())
                + ", loss of the last batch " + Words.loss(phase.finalLoss()) + ".";
    }

    private String replay() {
        return report.settings().get("replay") instanceof Number share && share.doubleValue() > 0
                ? ", with " + Words.percent(share.doubleValue()) + " of each batch from other digits"
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
        IntStream.range(0, TestResult.DIGITS).forEach(digit -> header.add(String.valueOf(digit)));
        HtmlTable table = new HtmlTable()
                .highlight(report.digits().stream().map(digit -> digit + 3).toList())
                .header(header.toArray(String[]::new));
        report.comparison().forEach((name, result) -> {
            List<String> cells =
                    new ArrayList<>(List.of(name, Words.percent(result.accuracy()), Words.count(result.wrongTotal())));
            result.wrong().forEach(wrong -> cells.add(Words.count(wrong)));
            table.row("", cells);
        });
        return table.row("total", changes()).html();
    }

    private List<String> changes() {
        TestResult base = report.base();
        TestResult lora = report.loraEnabled();
        List<String> cells = new ArrayList<>();
        cells.add("Change by LoRA");
        cells.add(Words.points(lora.accuracy() - base.accuracy()));
        cells.add(Words.change(lora.wrongTotal() - base.wrongTotal()));
        for (int digit = 0; digit < TestResult.DIGITS; digit++) {
            cells.add(Words.change(lora.wrong().get(digit) - base.wrong().get(digit)));
        }
        return cells;
    }

    /** The page tells the same story without pictures; it says so instead of leaving holes. */
    private String chartNote() {
        return charts.isEmpty() ? "<p class=\"lead\">No charts: Java found no fonts on this machine.</p>" : "";
    }

    private String figure(ChartFile chart, String caption) {
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
