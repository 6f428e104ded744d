package org.lora4j.cli.language;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.measure.Metric;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.Perplexity;

/**
 * What an adapter costs on other texts than those that it learns: how well the model alone predicts them, and the model with it.
 *
 * @param file the name of their file
 * @param examples the number of answers, or of blocks of plain text
 * @param before the model alone
 * @param after the model with the adapter
 * @param difference by how much the loss of a token is smaller with the adapter, with an interval of 95 %; below 0 if the adapter
 *     predicts the texts worse
 */
public record Forgetting(
        String file, int examples, LanguageTest before, LanguageTest after, PairedDifference difference) {
    /** Compares what was measured of each example. */
    static Forgetting of(String file, List<Perplexity> before, List<Perplexity> after) {
        return new Forgetting(
                file,
                before.size(),
                LanguageTest.of(before),
                LanguageTest.of(after),
                PairedDifference.ofLosses(after, before));
    }

    /**
     * Returns what was found.
     *
     * @return such as {@code The adapter predicts them worse.}
     */
    @JsonProperty
    public String verdict() {
        if (difference.isWorse()) {
            return "The adapter predicts them worse than the model alone: it has forgotten some of what the model knew.";
        }
        return difference.isBetter()
                ? "The adapter predicts them better than the model alone."
                : "They do not show that the adapter predicts them worse: chance can explain the difference.";
    }

    /** Returns the numbers for the model card. */
    Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        numbers.put("perplexity of the model alone on " + file, ReportText.fixed(before.perplexity(), 3));
        numbers.put("perplexity with the adapter on " + file, ReportText.fixed(after.perplexity(), 3));
        return numbers;
    }

    void print(TextOutput out) {
        out.fact(
                "%s of %s: perplexity %.3f alone, %.3f with the adapter; loss of a token smaller by %s (95 %%: %s)",
                ReportText.count(examples, "example"),
                file,
                before.perplexity(),
                after.perplexity(),
                Metric.LOSS.difference(difference.difference()),
                Metric.LOSS.interval(difference));
        out.fact("%s", verdict());
    }
}
