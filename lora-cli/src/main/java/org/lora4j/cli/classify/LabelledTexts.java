package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.LabelledText;
import org.lora4j.text.Labels;

/**
 * Texts of several classes, for training and for the validation.
 *
 * @param labels the classes: numbers in their order, before other labels
 * @param train the texts for training
 * @param validation those for the validation; may be empty
 * @param skipped what was wrong with lines that were left out
 */
public record LabelledTexts(
        Labels labels, List<LabelledText> train, List<LabelledText> validation, List<String> skipped) {
    /**
     * Reads texts.
     *
     * @param data the files
     * @param text the column of the text
     * @param label the column of the class
     * @param seed the seed of the split
     * @return the texts
     * @throws IOException if a file cannot be read, or there are fewer than two classes
     * @throws IllegalArgumentException if a line is wrong
     */
    public static LabelledTexts read(DataFile data, String text, String label, long seed) throws IOException {
        DataFile.Parts<LabelledText> parts = data.read(row -> row.labelled(text, label), seed);
        TreeSet<String> names =
                new TreeSet<>(Comparator.comparingInt(LabelledTexts::number).thenComparing(Comparator.naturalOrder()));
        parts.train().forEach(example -> names.add(example.label()));
        parts.validation().forEach(example -> names.add(example.label()));
        if (names.size() < 2) {
            throw new IOException(data.file() + ": the column " + label + " must have at least two classes, found only "
                    + names + "; name another column with --label");
        }
        return new LabelledTexts(Labels.of(new ArrayList<>(names)), parts.train(), parts.validation(), parts.skipped());
    }

    private static int number(String label) {
        try {
            return Integer.parseInt(label);
        } catch (NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    /**
     * Counts the texts of each class.
     *
     * @param texts texts of these classes
     * @return the number of texts by class
     */
    int[] counts(List<LabelledText> texts) {
        int[] counts = new int[labels.count()];
        texts.forEach(text -> counts[labels.id(text.label())]++);
        return counts;
    }

    /**
     * Returns weights with which all classes count the same: {@code n / (classes · nₖ)}, whose mean over the texts is 1. A class
     * without a text for training has the weight 1.
     *
     * @return a weight for each class
     */
    double[] balancedWeights() {
        int[] counts = counts(train);
        double[] weights = new double[counts.length];
        for (int k = 0; k < counts.length; k++) {
            weights[k] = counts[k] == 0 ? 1 : (double) train.size() / counts.length / counts[k];
        }
        return weights;
    }
}
