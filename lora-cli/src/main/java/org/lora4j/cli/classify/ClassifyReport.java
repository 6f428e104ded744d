package org.lora4j.cli.classify;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.TrainingSummary;

/**
 * The numbers of a training of a classifier: {@code report.json}.
 *
 * @param model the name of the model
 * @param settings what it was trained with
 * @param classes how many texts each class has
 * @param sizes parameters and tokens
 * @param training the training
 * @param baseline a linear classifier on the frozen encoder, on the validation texts; null if it was not computed
 * @param metrics the adapter, on the validation texts; null without a validation
 * @param fixed texts that only the adapter classifies rightly, at most 50
 * @param broken texts that only the baseline classifies rightly, at most 50
 * @param skipped what was wrong with lines that were left out
 * @param files the files of the run, by purpose
 */
public record ClassifyReport(
        String model,
        Map<String, Object> settings,
        List<ClassCount> classes,
        Sizes sizes,
        TrainingSummary training,
        @Nullable ClassMetrics baseline,
        @Nullable ClassMetrics metrics,
        List<Changed> fixed,
        List<Changed> broken,
        List<String> skipped,
        Map<String, String> files) {
    /**
     * Copies the lists and maps.
     *
     * @param model as in the record
     * @param settings as in the record
     * @param classes as in the record
     * @param sizes as in the record
     * @param training as in the record
     * @param baseline as in the record
     * @param metrics as in the record
     * @param fixed as in the record
     * @param broken as in the record
     * @param skipped as in the record
     * @param files as in the record
     */
    public ClassifyReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        classes = List.copyOf(classes);
        fixed = List.copyOf(fixed);
        broken = List.copyOf(broken);
        skipped = List.copyOf(skipped);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /**
     * The texts of a class.
     *
     * @param name the class
     * @param train the texts for training
     * @param validation those for the validation
     */
    public record ClassCount(String name, int train, int validation) {}

    /**
     * Sizes.
     *
     * @param trainable the parameters that were trained
     * @param frozen those of the model
     * @param tokens the tokens of the texts for training
     * @param cut how many of these texts have as many tokens as a text may have, so that most of them were cut
     */
    public record Sizes(long trainable, long frozen, long tokens, int cut) {
        static Sizes of(long trainable, long frozen, TokenizedTexts train, int maxTokens) {
            int full = (int) train.lengths().stream()
                    .filter(length -> length >= maxTokens)
                    .count();
            return new Sizes(trainable, frozen, train.tokens().tokens(), full);
        }
    }

    /**
     * A text whose class changed from wrong to right, or from right to wrong.
     *
     * @param text the text
     * @param actual its class
     * @param before what the baseline says
     * @param after what the adapter says
     */
    public record Changed(String text, String actual, String before, String after) {}

    /**
     * Returns the report with the files of the run.
     *
     * @param written the files by purpose
     * @return another report
     */
    public ClassifyReport withFiles(Map<String, String> written) {
        return new ClassifyReport(
                model, settings, classes, sizes, training, baseline, metrics, fixed, broken, skipped, written);
    }
}
