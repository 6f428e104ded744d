package org.lora4j.example.text.shop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.SeriesChart;
import org.lora4j.example.text.story.ReportPage;
import org.lora4j.text.metrics.PairedDifference;

/**
 * All numbers of a run of {@code shop}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param tenants what each shop reaches after each day
 * @param better how much more accurate the adapters of the last day are than linear classifiers on the frozen model, over the messages of
 *     all tests, with an interval of 95 %
 * @param quiet the requests while nothing trains; null if there was none
 * @param training the requests while jobs train, from the second day on; null if there was none
 * @param answers whether clients always got the same answer of the same adapter
 * @param kept whether the adapters of all days have the same bits after all trainings
 * @param again whether a job that trains alone writes the same bytes
 * @param jobSeconds how long the jobs of all days took
 * @param frozenUnchanged for each parameter of the model, whether it has the same bits as before
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record ShopReport(
        Map<String, @Nullable Object> settings,
        List<Tenant> tenants,
        PairedDifference better,
        @Nullable Requests quiet,
        @Nullable Requests training,
        Answers answers,
        Kept kept,
        Again again,
        double jobSeconds,
        Map<String, Boolean> frozenUnchanged,
        double seconds,
        Map<String, String> files) {
    /** Answers of one adapter differ by less, whatever is asked beside them. */
    private static final double CLOSE = 1e-5;

    /**
     * A shop.
     *
     * @param name its name
     * @param teams how many teams answer its messages
     * @param days what it reaches after each day
     */
    public record Tenant(String name, int teams, List<Day> days) {}

    /**
     * What a shop reaches after a day.
     *
     * @param corrections the messages from which its adapter has learned
     * @param accuracy the share of the messages of the test for which the adapter names the right team
     * @param frozen the same of a linear classifier on the frozen model's vectors of the same messages
     */
    public record Day(int corrections, double accuracy, double frozen) {}

    /**
     * The times of requests.
     *
     * @param count how many
     * @param perSecond how many in a second
     * @param medianMs the median in milliseconds
     * @param p99Ms 99 of 100 took at most so long
     */
    public record Requests(long count, double perSecond, double medianMs, double p99Ms) {}

    /**
     * Answers to clients that were given before, by the same adapter to the same message.
     *
     * @param compared how many
     * @param largestDifference the largest difference of a probability
     */
    public record Answers(long compared, double largestDifference) {}

    /**
     * The adapters of all days, asked again in the same way after the last day, alone.
     *
     * @param adapters how many
     * @param sameBits how many of them gave all messages of the test the bits of their first answers
     */
    public record Kept(int adapters, int sameBits) {}

    /**
     * The last job of a shop, trained again alone in a service without requests and other jobs.
     *
     * @param tenant the shop
     * @param sameBytes whether its adapter has the same bytes as the one that was trained while clients asked
     */
    public record Again(String tenant, boolean sameBytes) {}

    /**
     * Returns the mean accuracy of all shops.
     *
     * @param day the day, from 0
     * @param isFrozen whether it is that of the frozen model
     * @return the mean
     */
    public double mean(int day, boolean isFrozen) {
        return tenants.stream()
                .map(tenant -> tenant.days().get(day))
                .mapToDouble(reached -> isFrozen ? reached.frozen() : reached.accuracy())
                .average()
                .orElseThrow();
    }

    private List<Double> means(boolean isFrozen) {
        List<Double> means = new ArrayList<>();
        for (int day = 0; day < tenants.get(0).days().size(); day++) {
            means.add(100 * mean(day, isFrozen));
        }
        return means;
    }

    /**
     * Returns whether all that must be the same is the same.
     *
     * @return false if an answer, an adapter or a parameter of the model differs
     */
    public boolean holds() {
        return answers.largestDifference() < CLOSE
                && kept.sameBits() == kept.adapters()
                && again.sameBytes()
                && !frozenUnchanged.containsValue(false);
    }

    /** Writes the report: the numbers as JSON, a chart, and a page that shows both. Adds them to {@code files}. */
    void write(Path folder) throws IOException {
        ReportPage.write(
                folder,
                this,
                "shop.ftlh",
                Map.of("days", () -> {
                    List<SeriesChart.Line> lines = new ArrayList<>();
                    for (Tenant tenant : tenants) {
                        List<Double> reached = tenant.days().stream()
                                .map(day -> 100 * day.accuracy())
                                .toList();
                        lines.add(new SeriesChart.Line(
                                tenant.name(), reached, ChartStyle.tint(ChartStyle.LORA, 0.35), 1, false));
                    }
                    lines.add(new SeriesChart.Line("frozen model, mean", means(true), ChartStyle.BASE, 3, true));
                    lines.add(new SeriesChart.Line("adapters, mean", means(false), ChartStyle.LORA, 3, true));
                    return SeriesChart.draw("Right teams after each day", "Day", "Messages of the test in %", lines);
                }),
                files);
    }
}
