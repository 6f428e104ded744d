package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextLabels;

/**
 * What a test of a classifier on texts with any number of labels found.
 *
 * @param metrics the metrics, with the thresholds of the classifier
 * @param skipped what was wrong with lines that were left out
 */
public record LabelsTest(LabelMetrics metrics, List<String> skipped) {
    /**
     * Tests.
     *
     * @param classifier the classifier
     * @param data the file
     * @param text the column of the text, or those of a pair
     * @param label the column of the labels
     * @param separator what stands between two labels of a text; null if they are lists
     * @return the metrics
     * @throws IOException if the file cannot be read, or has no text
     * @throws IllegalArgumentException if a line is wrong, or has a label that the classifier does not know
     */
    public static LabelsTest of(
            TextClassifier classifier, DataFile data, InputColumns text, Column label, @Nullable String separator)
            throws IOException {
        LabelSets.Columns columns = new LabelSets.Columns(
                text, label, separator, classifier.labels().names());
        try (DataFile.Divided<TextLabels> parts = data.read(columns::of, 0)) {
            return new LabelsTest(
                    LabelMetrics.of(classifier.trainableLabels().measure(classifier.model(), parts.train())),
                    parts.pass().skipped());
        }
    }
}
