package org.lora4j.example.mnist.experiment;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lora4j.console.report.TestResult;

/** The tests of a study as a Markdown table: mean ± standard deviation over the seeds. */
public final class StudyTable {
    private final int digit;
    private final Map<String, List<TestResult>> rows = new LinkedHashMap<>();

    StudyTable(int digit) {
        this.digit = digit;
    }

    void add(String name, List<TestResult> results) {
        rows.computeIfAbsent(name, first -> new ArrayList<>()).addAll(results);
    }

    /** Adds the tests of another table, of the same digit, to the rows of the same names. */
    public void addAll(StudyTable other) {
        other.rows.forEach(this::add);
    }

    /** Prints the table. */
    public void print(PrintWriter out) {
        out.println("| Fine-tuning | Wrong on " + digit + " | Wrong on all | Accuracy in % |");
        out.println("|---|---:|---:|---:|");
        rows.forEach((name, results) -> out.println("| " + name
                + " | " + spread(results, result -> result.wrong().get(digit), 1)
                + " | " + spread(results, TestResult::wrongTotal, 1)
                + " | " + spread(results, result -> 100 * result.accuracy(), 2)
                + " |"));
    }

    /** Returns the mean and, for several values, their sample standard deviation √(Σ(x − x̄)² / (n − 1)). */
    private static String spread(List<TestResult> results, ToDoubleFunction<TestResult> value, int places) {
        double[] values = results.stream().mapToDouble(value).toArray();
        double mean = Arrays.stream(values).average().orElseThrow();
        double squares = Arrays.stream(values).map(x -> (x - mean) * (x - mean)).sum();
        String format = "%." + places + "f";
        return values.length == 1
                ? String.format(Locale.ROOT, format, mean)
                : String.format(Locale.ROOT, format + " ± " + format, mean, Math.sqrt(squares / (values.length - 1)));
    }
}
