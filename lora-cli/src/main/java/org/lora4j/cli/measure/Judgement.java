package org.lora4j.cli.measure;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.metrics.PrecisionRecall;

/**
 * What the examples that judge say of an adapter, beside what it is compared with.
 *
 * @param measuredOn which examples that are
 * @param unit what one of them is, such as {@code text}
 * @param examples how many there are, at least 1
 * @param metric the number by which the report judges
 * @param value that of the adapter
 * @param comparisons what it is compared with, at least one
 */
@JsonPropertyOrder({"measuredOn", "unit", "examples", "metric", "value", "comparisons", "verdict", "outcome"})
public record Judgement(
        MeasuredOn measuredOn, String unit, int examples, Metric metric, double value, List<Comparison> comparisons) {
    /** What to do if an adapter is not better. */
    private static final String ADVICE =
            "Train longer with --epochs, let --search find better settings, or measure on more"
                    + " examples with --test.";

    /** Which examples judge. */
    public enum MeasuredOn {
        /** Examples that had no influence on the training. */
        @JsonProperty("test")
        TEST,
        /** Those that also chose the epoch. */
        @JsonProperty("validation")
        VALIDATION;

        /**
         * Returns which of two parts judges.
         *
         * @param test the examples for the test
         * @return the test, or the validation if there is no test
         */
        public static MeasuredOn of(List<?> test) {
            return test.isEmpty() ? VALIDATION : TEST;
        }

        /**
         * Returns the name of an example.
         *
         * @param unit what one is
         * @return such as {@code test text}
         */
        public String noun(String unit) {
            return (this == TEST ? "test " : "validation ") + unit;
        }
    }

    /** What the comparisons show together. */
    public enum Outcome {
        /** The adapter is better than all it is compared with. */
        BETTER,
        /** Chance can explain a difference. */
        UNDECIDED,
        /** The adapter is worse than something. */
        WORSE
    }

    /**
     * Checks that there is a comparison.
     *
     * @throws IllegalArgumentException if there is none: a number alone says nothing of an adapter
     */
    public Judgement {
        comparisons = List.copyOf(comparisons);
        if (comparisons.isEmpty()) {
            throw new IllegalArgumentException("comparisons: there must be at least one, found none");
        }
    }

    /**
     * Judges by shares, such as the right answers.
     *
     * @param measuredOn which examples judge
     * @param unit what one of them is
     * @param metric the number by which the report judges
     * @param adapter the share of the adapter on each example, between 0 and 1
     * @param baselines that of what it is compared with, by its name; at least one
     * @return the means, and how they differ
     */
    public static Judgement ofShares(
            MeasuredOn measuredOn,
            String unit,
            Metric metric,
            List<Double> adapter,
            Map<String, List<Double>> baselines) {
        List<Comparison> comparisons = new ArrayList<>();
        baselines.forEach((name, shares) ->
                comparisons.add(new Comparison(name, mean(shares), PairedDifference.ofShares(adapter, shares))));
        return new Judgement(measuredOn, unit, adapter.size(), metric, mean(adapter), comparisons);
    }

    private static double mean(List<Double> shares) {
        return shares.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /**
     * Judges by F1 of what is found in texts.
     *
     * @param measuredOn which examples judge
     * @param unit what one of them is
     * @param metric what F1 is of
     * @param adapter the counts of the adapter on each example
     * @param baselines those of what it is compared with, by its name; at least one
     * @return F1 of all, and how they differ
     */
    public static Judgement ofF1(
            MeasuredOn measuredOn,
            String unit,
            Metric metric,
            List<PrecisionRecall> adapter,
            Map<String, List<PrecisionRecall>> baselines) {
        List<Comparison> comparisons = new ArrayList<>();
        baselines.forEach((name, counts) -> comparisons.add(
                new Comparison(name, PrecisionRecall.sum(counts).f1(), PairedDifference.ofF1(adapter, counts))));
        return new Judgement(
                measuredOn,
                unit,
                adapter.size(),
                metric,
                PrecisionRecall.sum(adapter).f1(),
                comparisons);
    }

    /**
     * Judges by the mean of squared errors.
     *
     * @param measuredOn which examples judge
     * @param unit what one of them is
     * @param adapter the squared error of the adapter on each example
     * @param baselines those of what it is compared with, by its name; at least one
     * @return the means, and how they differ
     */
    public static Judgement ofSquaredErrors(
            MeasuredOn measuredOn, String unit, List<Double> adapter, Map<String, List<Double>> baselines) {
        List<Double> alike = Collections.nCopies(adapter.size(), 1.0);
        List<Comparison> comparisons = new ArrayList<>();
        baselines.forEach((name, errors) ->
                comparisons.add(new Comparison(name, mean(errors), PairedDifference.ofLosses(adapter, errors, alike))));
        return new Judgement(measuredOn, unit, adapter.size(), Metric.SQUARED_ERROR, mean(adapter), comparisons);
    }

    /**
     * Judges by the loss of a token.
     *
     * @param measuredOn which examples judge
     * @param unit what one of them is
     * @param adapter the loss of the adapter on each example
     * @param baselines that of what it is compared with, by its name; at least one
     * @return the losses, and how they differ
     */
    public static Judgement ofLosses(
            MeasuredOn measuredOn, String unit, List<Perplexity> adapter, Map<String, List<Perplexity>> baselines) {
        List<Comparison> comparisons = new ArrayList<>();
        baselines.forEach((name, losses) ->
                comparisons.add(new Comparison(name, loss(losses), PairedDifference.ofLosses(adapter, losses))));
        return new Judgement(measuredOn, unit, adapter.size(), Metric.LOSS, loss(adapter), comparisons);
    }

    private static double loss(List<Perplexity> losses) {
        Perplexity sum = Perplexity.sum(losses);
        return sum.nats() / sum.tokens();
    }

    /**
     * Returns what the comparisons show.
     *
     * @return better only if that holds for all of them
     */
    @JsonProperty
    public Outcome outcome() {
        if (comparisons.stream().anyMatch(one -> one.difference().isWorse())) {
            return Outcome.WORSE;
        }
        return comparisons.stream().allMatch(one -> one.difference().isBetter()) ? Outcome.BETTER : Outcome.UNDECIDED;
    }

    /**
     * Returns the same in a sentence.
     *
     * @return such as {@code The adapter is better than the frozen model and word counts.}
     */
    @JsonProperty
    public String verdict() {
        return switch (outcome()) {
            case BETTER -> "The adapter is better than " + names(difference -> true) + ".";
            case WORSE -> "The adapter is worse than " + names(PairedDifference::isWorse) + ".";
            case UNDECIDED ->
                "The " + ReportText.plural(noun()) + " do not show that the adapter is better than "
                        + names(difference -> !difference.isBetter()) + ": chance can explain the difference.";
        };
    }

    private String names(Predicate<PairedDifference> condition) {
        return ReportText.list(comparisons.stream()
                .filter(one -> condition.test(one.difference()))
                .map(Comparison::baseline)
                .toList());
    }

    /** Returns the name of an example, such as {@code test text}. */
    String noun() {
        return measuredOn.noun(unit);
    }

    /**
     * Returns what judged.
     *
     * @return such as {@code 120 test texts}
     */
    public String examplesText() {
        return ReportText.count(examples, noun());
    }

    /**
     * Returns what to know of the part that judged.
     *
     * @return a sentence; empty for a test
     */
    public String warning() {
        return measuredOn == MeasuredOn.TEST
                ? ""
                : "The " + ReportText.plural(noun())
                        + " also chose the epoch, so the numbers of the adapter are a little too good; --test holds out"
                        + " others.";
    }

    /**
     * Returns the values of what the adapter is compared with.
     *
     * @return such as {@code the frozen model 89.2 %, the most frequent class 50.0 %}
     */
    public String baselines() {
        return comparisons.stream()
                .map(one -> one.baseline() + " " + metric.text(one.value()))
                .collect(Collectors.joining(", "));
    }

    /**
     * Returns the best of what the adapter is compared with: the one over which it has the least advantage.
     *
     * @return one of the comparisons
     */
    public Comparison strongest() {
        return comparisons.stream()
                .min(Comparator.comparingDouble(one -> one.difference().difference()))
                .orElseThrow();
    }

    /**
     * Returns the results for a model card.
     *
     * @return texts by name
     */
    public Map<String, String> results() {
        Map<String, String> results = new LinkedHashMap<>();
        results.put(metric.words() + " on " + examplesText(), metric.text(value));
        for (Comparison one : comparisons) {
            results.put(metric.words() + " of " + one.baseline(), metric.text(one.value()));
            results.put("adapter against " + one.baseline(), metric.text(one.difference()));
        }
        results.put("verdict", (verdict() + " " + warning()).strip());
        return results;
    }

    /**
     * Prints the comparisons, and what they show.
     *
     * @param out the terminal
     */
    public void print(TextOutput out) {
        for (Comparison one : comparisons) {
            out.fact("adapter against %s: %s", one.baseline(), metric.text(one.difference()));
        }
        out.fact("measured on %s", examplesText());
        if (!warning().isEmpty()) {
            out.fact("%s", warning());
        }
        out.fact("%s", verdict());
        if (outcome() != Outcome.BETTER) {
            out.fact("%s", ADVICE);
        }
    }
}
