package org.lora4j.console.report;

import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.train.TrainingResult;

/** Plain text on the console: sections, facts and checks. ASCII, so that every terminal shows it. */
public class TextOutput {
    private final PrintWriter out;
    private int sections;

    /** Creates an output. */
    public TextOutput(PrintWriter out) {
        this.out = out;
    }

    /**
     * Starts a section with a numbered headline.
     *
     * @param title the headline, a format string if there are values
     * @param values the values of the format string
     */
    public final void section(String title, Object... values) {
        sections++;
        headline(sections + ". " + format(title, values));
    }

    private void headline(String text) {
        out.println();
        out.println(text);
        out.println("-".repeat(text.length()));
    }

    /**
     * Prints a line.
     *
     * @param text the line, a format string if there are values
     * @param values the values of the format string
     */
    public final void line(String text, Object... values) {
        out.println(format(text, values));
        out.flush();
    }

    /**
     * Prints a part of a line at once.
     *
     * @param text the part, as it stands
     */
    public final void part(String text) {
        out.print(text);
        out.flush();
    }

    /**
     * Prints an indented line.
     *
     * @param text the line, a format string if there are values
     * @param values the values of the format string
     */
    public final void fact(String text, Object... values) {
        line("  " + text, values);
    }

    /** Prints the time and the loss of a training. */
    public final void training(TrainingResult result) {
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
     * Prints whether a statement holds, and where it does not.
     *
     * @param statement the statement
     * @param holds whether it holds, by layer or parameter
     */
    public final void check(String statement, Map<String, Boolean> holds) {
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
     * Prints where the files of a run are, in a section of its own, which has no number if it is the only one.
     *
     * @param folder the output folder
     * @param files the files in it by purpose, with the page among them
     */
    public final void files(Path folder, Map<String, String> files) {
        if (sections > 0) {
            section("Files");
        } else {
            headline("Files");
        }
        int width = files.keySet().stream().mapToInt(String::length).max().orElse(0);
        files.forEach((purpose, file) -> fact("%-" + width + "s %s", purpose, folder.resolve(file)));
        line("");
        line("The page has all of this. Open it in a browser.");
    }

    /** Returns a number in plain decimal notation: 0.0003 instead of 3.0E-4. */
    public static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    /** Fills a format string; a text without values can contain percent signs. */
    private static String format(String text, Object... values) {
        return values.length == 0 ? text : String.format(Locale.ROOT, text, values);
    }
}
