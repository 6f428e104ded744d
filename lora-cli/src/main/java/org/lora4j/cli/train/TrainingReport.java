package org.lora4j.cli.train;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.measure.TaskResult;

/**
 * The numbers of a training: {@code report.json}. There, those of the task stand beside the others.
 *
 * @param model the name of the model
 * @param settings the settings by name
 * @param sizes sizes
 * @param training the training
 * @param result what the task measured
 * @param skipped what was wrong with lines that were left out
 * @param files the files in the output folder, by purpose
 * @param <R> what the task measures
 */
public record TrainingReport<R extends TaskResult>(
        String model,
        Map<String, Object> settings,
        Sizes sizes,
        TrainingSummary training,
        @JsonUnwrapped R result,
        List<String> skipped,
        Map<String, String> files) {
    /**
     * Sizes.
     *
     * @param trainable the parameters that train
     * @param frozen the parameters of the base
     * @param examples the examples for training
     * @param validation those of the validation
     * @param test those of the test
     * @param copies how many rows have the same text
     * @param tokens the tokens of the examples for training
     * @param cut how many of these have as many tokens as an example may have, so they may be cut
     * @param unlearnable how many examples were left out because the cut left nothing to learn
     */
    public record Sizes(
            long trainable,
            long frozen,
            int examples,
            int validation,
            int test,
            Copies copies,
            long tokens,
            int cut,
            int unlearnable) {}

    /**
     * Returns the report with the files of the run.
     *
     * @param written the files by purpose
     * @return the complete report
     */
    public TrainingReport<R> withFiles(Map<String, String> written) {
        return new TrainingReport<>(model, settings, sizes, training, result, skipped, written);
    }
}
