package org.lora4j.example.text.calendar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.text.story.ReportPage;
import org.lora4j.example.text.story.StoryReport.BaseCheck;
import org.lora4j.example.text.story.StoryReport.Phase;
import org.lora4j.example.text.story.StoryReport.Sizes;
import org.lora4j.text.tools.CallAccuracy;

/**
 * All numbers of a run of {@code calendar}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param functions the names of the functions of the calendar
 * @param sizes the sizes of model and adapter
 * @param baseTraining the training of the model on the functions of the home
 * @param training the training of the adapter
 * @param results what each way to answer reaches
 * @param base whether the base is unchanged
 * @param samples some requests with their answers
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record CalendarReport(
        Map<String, @Nullable Object> settings,
        List<String> functions,
        Sizes sizes,
        Phase baseTraining,
        Phase training,
        List<Result> results,
        BaseCheck base,
        List<Sample> samples,
        double seconds,
        Map<String, String> files) {
    /**
     * What a way to answer reaches.
     *
     * @param name the model, and whether it has a grammar
     * @param all the answers to all requests
     * @param newWords the answers to those with a name or a title that no training has
     * @param secondsPerAnswer the time of all answers, which are computed in batches, divided by their number
     */
    public record Result(String name, CallAccuracy all, CallAccuracy newWords, double secondsPerAnswer) {}

    /**
     * A request with its answers.
     *
     * @param request the request
     * @param expected the expected call
     * @param answers the answers by the names of the results
     */
    public record Sample(String request, String expected, Map<String, String> answers) {}

    /** Writes the report: the numbers as JSON, a chart, and a page that shows both. Adds them to {@code files}. */
    void write(Path folder, List<Double> losses) throws IOException {
        ReportPage.write(folder, this, "calendar.ftlh", losses, files);
    }
}
