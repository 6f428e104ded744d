package org.lora4j.example.mnist;

import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.mnist.report.TestResult;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The article's story as plain text: sections, facts and tables. ASCII, so that every terminal shows it. */
final class Story {
    private final PrintWriter out;
    private int sections;

    Story(PrintWriter out) {
        this.out = out;
    }

    /** A numbered headline. */
    void section(String title, Object... values) {
        sections++;
        out.println();
        String text = sections + ". " + format(title, values);
        out.println(text);
        out.println("-".repeat(text.length()));
    }

    /** A line of its own. */
    void line(String text, Object... values) {
        out.println(format(text, values));
        out.flush();
    }

    /** A line within a section. */
    void fact(String text, Object... values) {
        line("  " + text, values);
    }

    /** The layers without LoRA. */
    void network(ParameterReport report) {
        for (ParameterReport.Layer layer : report.layers()) {
            fact("%-10s W %-14s + b %-8s %,12d", layer.path(), layer.weight(), bias(layer), layer.original());
        }
        fact("%-42s %,10d", "parameters", report.original());
    }

    /** The layers with LoRA, and the sums. */
    void adapted(ParameterReport report) {
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
        fact("%-26s %,10d", "LoRA's parameters", report.lora());
        fact("%-26s %,10d", "together", report.total());
        fact("%-26s %10.3f %%", "increment", report.incrementPercent());
    }

    private static String bias(ParameterReport.Layer layer) {
        return String.valueOf(layer.bias());
    }

    /** How a training went. */
    void learned(Learned learned) {
        fact(
                "%,d batches in %.1f s (%.2f ms each); mean loss of the last %d: %.4f",
                learned.result().iterations(),
                learned.seconds(),
                learned.millisecondsPerBatch(),
                Math.min(100, learned.result().iterations()),
                learned.result().runningLoss());
    }

    /** One test. */
    void test(TestResult result) {
        fact(
                "accuracy %.2f %%, %,d of %,d images wrong",
                100 * result.accuracy(), result.wrongTotal(), result.images());
        line("");
        head("");
        row("wrong", result);
    }

    /** Several tests side by side. */
    void comparison(Map<String, TestResult> results) {
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

    /** What LoRA did for the digits, and to all. */
    void change(List<Integer> digits, TestResult before, TestResult after) {
        for (int digit : digits) {
            fact(
                    "digit %d: %,d wrong before, %,d with LoRA",
                    digit, before.wrong().get(digit), after.wrong().get(digit));
        }
        fact(
                "accuracy on all digits: %.2f %% before, %.2f %% with LoRA",
                100 * before.accuracy(), 100 * after.accuracy());
    }

    /** What was proved, and where it does not hold. */
    void proof(String statement, Map<String, Boolean> holds) {
        List<String> broken = holds.entrySet().stream()
                .filter(entry -> !entry.getValue())
                .map(Map.Entry::getKey)
                .toList();
        fact(
                "%-60s %s",
                statement,
                broken.isEmpty() ? "yes, " + holds.size() + " of " + holds.size() : "NO: " + String.join(", ", broken));
    }

    /** A number as it is typed: 0.0003, not 3.0E-4. */
    static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    private static String format(String text, Object... values) {
        return values.length == 0 ? text : String.format(Locale.ROOT, text, values);
    }
}
