package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.List;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextNumber;

/**
 * What a test of numbers of texts found.
 *
 * @param metrics the metrics
 * @param skipped what was wrong with lines that were left out
 */
public record NumberTest(NumberMetrics metrics, List<String> skipped) {
    /**
     * Tests.
     *
     * @param classifier the model
     * @param data the file
     * @param text the column of the text, or those of a pair
     * @param number the column of the number
     * @return the metrics
     * @throws IOException if the file cannot be read, or has no text
     * @throws IllegalArgumentException if a line is wrong, or the model gives several numbers
     */
    public static NumberTest of(TextClassifier classifier, DataFile data, InputColumns text, Column number)
            throws IOException {
        try (DataFile.Divided<TextNumber> parts = data.read(row -> NumberTask.of(row, text, number), 0)) {
            return new NumberTest(
                    NumberMetrics.of(classifier.trainableNumbers().measure(classifier.model(), parts.train())),
                    parts.pass().skipped());
        }
    }
}
