package org.lora4j.example.mnist.report;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.console.report.TestResult;
import org.lora4j.console.report.TextOutput;
import org.lora4j.example.mnist.data.MnistData;

/** The results of a run as plain text: networks and tests as tables. */
public final class TextReport extends TextOutput {
    /** Creates a report. */
    public TextReport(PrintWriter out) {
        super(out);
    }

    /**
     * Prints the layers of a network without LoRA.
     *
     * @param report the shapes and counts
     */
    public void network(ParameterReport report) {
        for (ParameterReport.Layer layer : report.layers()) {
            fact("%-10s W %-14s + b %-8s %,12d", layer.path(), layer.weight(), bias(layer), layer.original());
        }
        fact("%-42s %,10d", "parameters", report.original());
    }

    /**
     * Prints the layers of a network with LoRA, and the sums.
     *
     * @param report the shapes and counts
     */
    public void adapted(ParameterReport report) {
        for (ParameterReport.Layer layer : report.layers()) {
            fact(
                    "%-10s W %-14s + b %-8s + A %-11s + B %-11s %,10d",
                    layer.path(),
                    layer.weight(),
                    bias(layer),
                    String.valueOf(layer.loraA()),
                    String.valueOf(layer.loraB()),
                    layer.original() + layer.lora());
        }
        line("");
        fact("%-26s %,10d", "original parameters", report.original());
        fact("%-26s %,10d", "LoRA parameters", report.lora());
        fact("%-26s %,10d", "total", report.total());
        fact("%-26s %10.3f %%", "increment", report.incrementPercent());
    }

    private static String bias(ParameterReport.Layer layer) {
        return String.valueOf(layer.bias());
    }

    /** Prints one test. */
    public void test(TestResult result) {
        fact(
                "accuracy %.2f %%, %,d of %,d images wrong",
                100 * result.accuracy(), result.wrongTotal(), result.examples());
        line("");
        head("");
        row("wrong", result);
    }

    /**
     * Prints several tests, one per line.
     *
     * @param results the tests by name
     */
    public void comparison(Map<String, TestResult> results) {
        head("wrong per digit");
        results.forEach(this::row);
    }

    private void head(String title) {
        StringBuilder digits = new StringBuilder();
        for (int digit = 0; digit < MnistData.CLASSES; digit++) {
            digits.append(String.format(Locale.ROOT, "%5d", digit));
        }
        fact("%-16s%s%8s%12s", title, digits, "all", "accuracy");
    }

    private void row(String name, TestResult result) {
        StringBuilder counts = new StringBuilder();
        result.wrong().forEach(wrong -> counts.append(String.format(Locale.ROOT, "%5d", wrong)));
        fact("%-16s%s%8d%10.2f %%", name, counts, result.wrongTotal(), 100 * result.accuracy());
    }

    /**
     * Prints what LoRA changed for the digits of the fine-tuning, and for all digits.
     *
     * @param digits the digits of the fine-tuning
     * @param before the test without LoRA
     * @param after the test with LoRA
     */
    public void difference(List<Integer> digits, TestResult before, TestResult after) {
        for (int digit : digits) {
            fact(
                    "digit %d: %,d wrong without LoRA, %,d with LoRA",
                    digit, before.wrong().get(digit), after.wrong().get(digit));
        }
        fact(
                "accuracy on all digits: %.2f %% without LoRA, %.2f %% with LoRA",
                100 * before.accuracy(), 100 * after.accuracy());
    }
}
