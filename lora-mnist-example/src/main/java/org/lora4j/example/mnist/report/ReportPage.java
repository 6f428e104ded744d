package org.lora4j.example.mnist.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.support.report.ComparisonTable;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
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
        values.put("comparison", ComparisonTable.html("Digit", DigitWords.NAMES, report.digits(), report.comparison()));
        values.put("chartNote", Html.chartNote(charts.size()));
        values.put("perRow", perRow());
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
        values.put("settings", HtmlTable.of("Setting", "Value", settings()));
        values.put("files", HtmlTable.of("What", "File", report.files()));
        return Html.page(
                "LoRA on MNIST: " + DigitWords.of(report.digits()),
                "MNIST example",
                Html.fillTemplate(ReportPage.class, "report.html", values));
    }

    private String perRow() {
        return report.results().containsKey(Report.PER_ROW)
                ? "<p>The row \"" + Html.escape(Report.PER_ROW)
                        + "\" has the adapter of its digit for each image of " + DigitWords.of(report.digits())
                        + ", and the base for the other images of the same batch.</p>"
                : "";
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

    /** A column for each layer, so that the table is narrow. */
    private String parameterTable() {
        ParameterReport all = report.parameters();
        HtmlTable table = new HtmlTable()
                .header(row("Layer", layer -> layer.path(), "Total").toArray(String[]::new));
        table.row("", row("W (frozen)", layer -> HtmlTable.shape(layer.weight()), ""));
        table.row("", row("b (frozen)", layer -> HtmlTable.shape(layer.bias()), ""));
        table.row("", row("A", layer -> HtmlTable.shape(layer.loraA()), ""));
        table.row("", row("B", layer -> HtmlTable.shape(layer.loraB()), ""));
        table.row("total", row("Original", layer -> Words.count(layer.original()), Words.count(all.original())));
        table.row("", row("LoRA", layer -> Words.count(layer.lora()), Words.count(all.lora())));
        return table.row(
                        "",
                        row("Increment", layer -> threeDigits(100.0 * layer.lora() / layer.original()), increment()))
                .html();
    }

    private List<String> row(String name, Function<ParameterReport.Layer, String> cell, String total) {
        return Stream.of(Stream.of(name), report.parameters().layers().stream().map(cell), Stream.of(total))
                .flatMap(cells -> cells)
                .toList();
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
        return Html.verdict(held == all.size(), held + " of " + all.size() + " checks of this run hold.");
    }

    private static String checks(Map<String, Boolean> checks) {
        return checks.entrySet().stream()
                .map(check -> Html.check(check.getValue(), check.getKey()))
                .collect(Collectors.joining("\n", "<ul class=\"checks\">\n", "\n</ul>"));
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>(report.settings());
        settings.putIfAbsent("seed", report.seed());
        return settings;
    }

    private String figure(Charts.File chart, String caption) {
        Picture picture = charts.get(chart);
        return picture == null ? "" : Html.figure(picture, caption);
    }
}
