package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.List;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.train.ClassifiedTexts;

/**
 * What a test of a classifier on texts with their classes found.
 *
 * @param metrics the metrics
 * @param calibration how far the probabilities are right
 * @param skipped what was wrong with lines that were left out
 */
public record ClassifierTest(ClassMetrics metrics, Calibration calibration, List<String> skipped) {
    /**
     * Tests.
     *
     * @param classifier the classifier
     * @param data the file
     * @param text the column of the text, or those of a pair
     * @param label the column of the class
     * @return the metrics
     * @throws IOException if the file cannot be read, or has no text
     * @throws IllegalArgumentException if a line is wrong, or has a class that the classifier does not know
     */
    public static ClassifierTest of(TextClassifier classifier, DataFile data, InputColumns text, Column label)
            throws IOException {
        try (DataFile.Divided<LabelledText> parts = data.read(
                row -> LabelledTexts.of(row, text, label, classifier.labels().names()), 0)) {
            ClassifiedTexts tested = classifier.trainableClasses().measure(classifier.model(), parts.train());
            return new ClassifierTest(
                    ClassMetrics.of(tested), tested.calibration(), parts.pass().skipped());
        }
    }
}
