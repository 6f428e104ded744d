package org.lora4j.example.text.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** What the pages of all commands have in common. */
final class PageParts {
    /** The name of this example in the foot of its pages. */
    static final String EXAMPLE = "text example";

    private final Map<String, Picture> charts;

    PageParts(Map<String, Picture> charts) {
        this.charts = charts;
    }

    /** Returns the values of the template that all pages have. */
    Map<String, String> values(
            BaseCheck base,
            Sizes sizes,
            Map<String, Phase> trainings,
            Map<String, @Nullable Object> settings,
            Map<String, String> files) {
        Map<String, String> values = new HashMap<>();
        values.put("verdict", verdict(base));
        values.put("sizes", sizes(sizes));
        values.put("adaptedLayers", Words.count(sizes.adaptedLayers()));
        values.put("times", times(trainings));
        values.put("loss", figure(Charts.LOSS, "Each dot is one batch."));
        values.put("settings", HtmlTable.of("Setting", "Value", settings));
        values.put("files", HtmlTable.of("What", "File", files));
        values.put("chartNote", Html.chartNote(charts.size()));
        return values;
    }

    /** Returns the tiles about sizes, time and base, which follow the one with the result. */
    static String tiles(BaseCheck base, Sizes sizes, Phase training) {
        return Html.tile(
                        kilobytes(sizes.adapterBytes()),
                        "the adapter's file, beside " + megabytes(sizes.baseBytes()) + " of the model")
                + Html.tile(
                        Words.duration(training.seconds()),
                        "for " + Words.count(training.iterations()) + " batches with LoRA")
                + Html.tile(base.holds() ? "unchanged" : "CHANGED", "the base after the training, bit for bit");
    }

    private static String kilobytes(long bytes) {
        return Words.count(Math.round(bytes / 1e3)) + " KB";
    }

    private static String megabytes(long bytes) {
        return Words.fixed(bytes / 1e6, 1) + " MB";
    }

    static String verdict(BaseCheck base) {
        long same = base.frozenUnchanged().values().stream()
                .filter(unchanged -> unchanged)
                .count();
        String text = same + " of " + base.frozenUnchanged().size()
                + " parameters of the base have the same bits as before the training. Without the adapter its output "
                + (base.outputUnchanged() ? "has the same bits, too." : "DIFFERS.");
        return Html.verdict(base.holds(), text);
    }

    private static String sizes(Sizes sizes) {
        return new HtmlTable()
                .header("What", "Parameters", "File")
                .row("Model", Words.count(sizes.baseParameters()), megabytes(sizes.baseBytes()))
                .row("Adapter", Words.count(sizes.adapterParameters()), kilobytes(sizes.adapterBytes()))
                .row(
                        "Adapter / model",
                        Words.percent(sizes.adapterParameters() / (double) sizes.baseParameters()),
                        Words.percent(sizes.adapterBytes() / (double) sizes.baseBytes()))
                .html();
    }

    /** Returns what others reach, under a headline; nothing if it is not known. */
    static String references(List<String> references) {
        return references.isEmpty() ? "" : "<h3>For comparison</h3>\n" + Html.list(references);
    }

    private static String times(Map<String, Phase> trainings) {
        HtmlTable table = new HtmlTable().header("Training", "Batches", "Time", "Each batch", "Loss at the end");
        trainings.forEach((name, phase) -> table.row(
                name,
                Words.count(phase.iterations()),
                Words.duration(phase.seconds()),
                Words.fixed(1000 * phase.seconds() / phase.iterations(), 1) + " ms",
                Words.loss(phase.meanLoss())));
        return table.html();
    }

    String figure(String chart, String caption) {
        Picture picture = charts.get(chart);
        return picture == null ? "" : Html.figure(picture, caption);
    }
}
