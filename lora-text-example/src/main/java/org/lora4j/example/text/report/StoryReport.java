package org.lora4j.example.text.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All numbers of a run of {@code story}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param model the name of the model
 * @param trainTokens the number of tokens of the speeches since 1946 for training
 * @param sizes the sizes of model and adapter
 * @param baseTraining the training of the model from random weights; null for a model of the user
 * @param training the training of the adapter
 * @param before what the model reaches without the adapter
 * @param after what it reaches with the adapter
 * @param base whether the base is unchanged
 * @param samples how both go on from the same words
 * @param references what others reach on the same texts, in sentences; empty for other settings
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record StoryReport(
        Map<String, @Nullable Object> settings,
        String model,
        long trainTokens,
        Sizes sizes,
        @Nullable Phase baseTraining,
        Phase training,
        Perplexities before,
        Perplexities after,
        BaseCheck base,
        List<Sample> samples,
        List<String> references,
        double seconds,
        Map<String, String> files) {
    /**
     * The perplexity on speeches that are not in the training texts.
     *
     * @param oldSpeeches on speeches before 1946
     * @param newSpeeches on speeches since 1946
     */
    public record Perplexities(double oldSpeeches, double newSpeeches) {}

    /**
     * How two models go on from the same words.
     *
     * @param words the words
     * @param base the words and what the base writes
     * @param lora the words and what the model writes with the adapter
     */
    public record Sample(String words, String base, String lora) {}

    /**
     * Copies lists and maps.
     *
     * @param settings as in the record
     * @param model as in the record
     * @param trainTokens as in the record
     * @param sizes as in the record
     * @param baseTraining as in the record
     * @param training as in the record
     * @param before as in the record
     * @param after as in the record
     * @param base as in the record
     * @param samples as in the record
     * @param references as in the record
     * @param seconds as in the record
     * @param files as in the record
     */
    public StoryReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        samples = List.copyOf(samples);
        references = List.copyOf(references);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /** Returns the report with more files. */
    StoryReport withFiles(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new StoryReport(
                settings,
                model,
                trainTokens,
                sizes,
                baseTraining,
                training,
                before,
                after,
                base,
                samples,
                references,
                seconds,
                all);
    }
}
