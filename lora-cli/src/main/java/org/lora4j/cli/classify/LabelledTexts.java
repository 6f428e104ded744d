package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.LabelledText;
import org.lora4j.text.Labels;

/** Texts of several classes, for training and for the validation. */
public final class LabelledTexts implements AutoCloseable {
    private static final Comparator<String> NUMBERS_FIRST =
            Comparator.comparingInt(LabelledTexts::number).thenComparing(Comparator.naturalOrder());

    private final DataFile.Parts<LabelledText> parts;
    private final Labels labels;
    private final int[] trained;
    private final int[] held;

    private LabelledTexts(DataFile.Parts<LabelledText> parts, Map<String, int[]> counts) {
        this.parts = parts;
        labels = Labels.of(new ArrayList<>(counts.keySet()));
        trained = counts.values().stream().mapToInt(count -> count[0]).toArray();
        held = counts.values().stream().mapToInt(count -> count[1]).toArray();
    }

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
        Map<String, int[]> counts = new TreeMap<>(NUMBERS_FIRST);
        DataFile.Parts<LabelledText> parts = data.read(
                row -> List.of(row.labelled(text, label)),
                (examples, held) -> counts.computeIfAbsent(examples.get(0).label(), name -> new int[2])[held ? 1 : 0]++,
                seed);
        if (counts.size() < 2) {
            parts.close();
            throw new IOException(data.file() + ": the column " + label + " must have at least two classes, found only "
                    + counts.keySet() + "; name another column with --label");
        }
        return new LabelledTexts(parts, counts);
    }

    private static int number(String label) {
        try {
            return Integer.parseInt(label);
        } catch (NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    /**
     * Returns the classes: numbers in their order, before other labels.
     *
     * @return the classes
     */
    public Labels labels() {
        return labels;
    }

    /**
     * Returns the texts for training.
     *
     * @return a list that reads each of them from the file
     */
    public List<LabelledText> train() {
        return parts.train();
    }

    /**
     * Returns the texts for the validation.
     *
     * @return a list that reads each of them from the file; may be empty
     */
    public List<LabelledText> validation() {
        return parts.validation();
    }

    /**
     * Returns what was wrong with lines that were left out.
     *
     * @return a message for each
     */
    public List<String> skipped() {
        return parts.skipped();
    }

    /** Returns the number of texts for training by class. */
    int[] trained() {
        return trained.clone();
    }

    /** Returns the number of texts for the validation by class. */
    int[] held() {
        return held.clone();
    }

    /**
     * Returns weights with which all classes count the same: {@code n / (classes · nₖ)}, whose mean over the texts is 1. A class
     * without a text for training has the weight 1.
     *
     * @return a weight for each class
     */
    double[] balancedWeights() {
        return Arrays.stream(trained)
                .mapToDouble(count -> count == 0 ? 1 : (double) train().size() / trained.length / count)
                .toArray();
    }

    /** Closes the files. */
    @Override
    public void close() {
        parts.close();
    }
}
