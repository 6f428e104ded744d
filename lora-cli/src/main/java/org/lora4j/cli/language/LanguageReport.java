package org.lora4j.cli.language;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.TrainingSummary;

/**
 * The numbers of a training of a language model: {@code report.json}.
 *
 * @param model the name of the model
 * @param kind what it learned
 * @param settings what it was trained with
 * @param sizes parameters and tokens
 * @param training the training
 * @param before the model alone on the validation examples; null without them
 * @param after the model with the adapter on them; null without them
 * @param samples answers before and after
 * @param skipped what was wrong with lines that were left out
 * @param files the files of the run, by purpose
 */
public record LanguageReport(
        String model,
        LanguageTask.Kind kind,
        Map<String, Object> settings,
        Sizes sizes,
        TrainingSummary training,
        @Nullable LanguageTest before,
        @Nullable LanguageTest after,
        List<Sample> samples,
        List<String> skipped,
        Map<String, String> files) {
    /**
     * Copies the lists and maps.
     *
     * @param model as in the record
     * @param kind as in the record
     * @param settings as in the record
     * @param sizes as in the record
     * @param training as in the record
     * @param before as in the record
     * @param after as in the record
     * @param samples as in the record
     * @param skipped as in the record
     * @param files as in the record
     */
    public LanguageReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        samples = List.copyOf(samples);
        skipped = List.copyOf(skipped);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /**
     * Sizes.
     *
     * @param trainable the parameters that were trained
     * @param frozen those of the model
     * @param examples the examples for training
     * @param tokens their tokens
     * @param validation the examples for the validation
     * @param unlearnable examples that were left out, because nothing to learn was left after the cut
     */
    public record Sizes(long trainable, long frozen, int examples, long tokens, int validation, int unlearnable) {}

    /**
     * An example of the validation, with what the model answers.
     *
     * @param prompt the text before the answer
     * @param expected the answer of the example
     * @param before the answer of the model alone
     * @param after the answer with the adapter
     */
    public record Sample(String prompt, String expected, String before, String after) {}

    /**
     * Returns the report with the files of the run.
     *
     * @param written the files by purpose
     * @return another report
     */
    public LanguageReport withFiles(Map<String, String> written) {
        return new LanguageReport(model, kind, settings, sizes, training, before, after, samples, skipped, written);
    }
}
