package org.lora4j.example.mnist.report;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.train.TrainingResult;

/** The results of a run as plain text: sections, facts and tables. ASCII, so that every terminal shows it. */
public final class TextReport {
    private final PrintWriter out;
    private int sections;

    /**
     * Creates a report.
     *
     * @param out where it is printed
     */
    public TextReport(PrintWriter out) {
        this.out = out;
    }

    /**
     * Starts a section with a numbered headline.
     *
     * @param title the headline, a format string if there are values
     * @param values the values of the format string
     */
    public void section(String title, Object... values) {
        sections++;
        out.println();
        String text = sections + ". " + format(title, values);
        out.println(text);
        out.println("-".repeat(text.length()));
    }

    /**
     * Prints a line.
     *
     * @param text the line, a format string if there are values
     * @param values the values of the format string
     */
    public void line(String text, Object... values) {
        out.println(format(text, values));
        out.flush();
    }

    /**
     * Prints an indented line.
     *
     * @param text the line, a format string if there are values
     * @param values the values of the format string
     */
    public void fact(String text, Object... values) {
        line("  " + text, values);
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

    /**
     * Prints the time and the loss of a training.
     *
     * @param result the result of the training
     */
    public void training(TrainingResult result) {
        double seconds = result.duration().toNanos() / 1e9;
        fact(
                "%,d batches in %.1f s (%.2f ms each); mean loss of the last %d: %.4f",
                result.iterations(),
                seconds,
                1000 * seconds / result.iterations(),
                Math.min(100, result.iterations()),
                result.runningLoss());
    }

    /**
     * Prints one test.
     *
     * @param result the test
     */
    public void test(TestResult result) {
        fact(
                "accuracy %.2f %%, %,d of %,d images wrong",
                100 * result.accuracy(), result.wrongTotal(), result.images());
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
        for (int digit = 0; digit < TestResult.DIGITS; digit++) {
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

    /**
     * Prints whether a statement holds, and where it does not.
     *
     * @param statement the statement
     * @param holds whether it holds, by layer or parameter
     */
    public void check(String statement, Map<String, Boolean> holds) {
        List<String> broken = holds.entrySet().stream()
                .filter(entry -> !entry.getValue())
                .map(Map.Entry::getKey)
                .toList();
        fact(
                "%-60s %s",
                statement,
                broken.isEmpty() ? "yes, " + holds.size() + " of " + holds.size() : "NO: " + String.join(", ", broken));
    }

    /**
     * Returns a number in plain decimal notation: 0.0003 instead of 3.0E-4.
     *
     * @param number a finite number
     * @return its digits
     */
    public static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    private static String format(String text, Object... values) {
        return values.length == 0 ? text : String.format(Locale.ROOT, text, values);
    }
}
