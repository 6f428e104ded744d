package org.lora4j.example.text.tickets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.text.story.ReportPage;
import org.lora4j.example.text.story.StoryReport.BaseCheck;
import org.lora4j.example.text.story.StoryReport.Phase;
import org.lora4j.example.text.story.StoryReport.Sizes;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.TagMetrics;

/**
 * All numbers of a run of {@code tickets}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param sizes the sizes of model and adapter
 * @param training the training of the adapter
 * @param results what each way to find personal data reaches; the adapter is the last one
 * @param base whether the base is unchanged
 * @param samples some tickets, and what they are when masked
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record TicketsReport(
        Map<String, @Nullable Object> settings,
        Sizes sizes,
        Phase training,
        List<Result> results,
        BaseCheck base,
        List<Sample> samples,
        double seconds,
        Map<String, String> files) {
    /**
     * What a way to find personal data reaches. A span is right if its kind and all of its words are.
     *
     * @param name what finds
     * @param precision how many of the spans that it finds are right
     * @param recall how many of the spans of the tickets it finds
     * @param f1 the harmonic mean of both
     * @param kinds the same of each kind
     * @param adapterIsBetterBy how much greater F1 of the adapter is, with an interval of 95 %; null for the adapter
     */
    public record Result(
            String name,
            double precision,
            double recall,
            double f1,
            List<Kind> kinds,
            @Nullable PairedDifference adapterIsBetterBy) {
        static Result of(String name, TagMetrics metrics, @Nullable PairedDifference adapterIsBetterBy) {
            List<Kind> kinds = new ArrayList<>();
            metrics.types()
                    .forEach((kind, counts) -> kinds.add(
                            new Kind(kind, counts.actual(), counts.precision(), counts.recall(), counts.f1())));
            return new Result(
                    name,
                    metrics.micro().precision(),
                    metrics.micro().recall(),
                    metrics.micro().f1(),
                    kinds,
                    adapterIsBetterBy);
        }
    }

    /**
     * What a way reaches on one kind of personal data.
     *
     * @param name the kind
     * @param spans how many the tickets have
     * @param precision how many of those that were found are right
     * @param recall how many were found
     * @param f1 the harmonic mean of both
     */
    public record Kind(String name, long spans, double precision, double recall, double f1) {}

    /**
     * A ticket.
     *
     * @param ticket the ticket
     * @param expected how it should be masked
     * @param masked how it is masked, by the names of the results
     */
    public record Sample(String ticket, String expected, Map<String, String> masked) {}

    /** Writes the report: the numbers as JSON, a chart, and a page that shows both. Adds them to {@code files}. */
    void write(Path folder, List<Double> losses) throws IOException {
        ReportPage.write(folder, this, "tickets.ftlh", losses, files);
    }
}
