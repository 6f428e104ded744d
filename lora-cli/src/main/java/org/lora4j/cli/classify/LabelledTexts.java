package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextRow;

/** Texts of several classes, for training, for the validation and for a test. Each part has about the same share of each class. */
final class LabelledTexts {
    /** So many classes may have one text each: somebody tries the command. */
    private static final int FEW_CLASSES = 20;

    /** Numbers in their order, and then other labels. */
    static final Comparator<String> NUMBERS_FIRST =
            Comparator.comparingInt(LabelledTexts::number).thenComparing(Comparator.naturalOrder());

    private final DataFile.Divided<LabelledText> parts;
    private final Labels labels;
    private final Map<String, Map<Division.Part, Integer>> counts;

    private LabelledTexts(DataFile.Divided<LabelledText> parts, Map<String, Map<Division.Part, Integer>> counts) {
        this.parts = parts;
        labels = Labels.of(new ArrayList<>(counts.keySet()));
        this.counts = counts;
    }

    /**
     * Reads texts.
     *
     * @param data the files
     * @param text the column of the text, or those of a pair
     * @param label the column of the class
     * @param known the classes, in their order; none for those that the file has
     * @param seed the seed of the split
     * @return the texts
     * @throws IOException if a file cannot be read, there are fewer than two classes, or so many that the column is hardly one of classes
     * @throws IllegalArgumentException if a line is wrong
     */
    static LabelledTexts read(DataFile data, InputColumns text, Column label, List<String> known, long seed)
            throws IOException {
        Map<String, Map<Division.Part, Integer>> counts =
                known.isEmpty() ? new TreeMap<>(NUMBERS_FIRST) : new LinkedHashMap<>();
        known.forEach(name -> counts.put(name, new EnumMap<>(Division.Part.class)));
        DataFile.Divided<LabelledText> parts;
        try {
            parts = data.stratifiedBy(label)
                    .comparedBy(text::content)
                    .read(
                            row -> List.of(of(row, text, label, known)),
                            (examples, part) -> counts.computeIfAbsent(
                                            examples.get(0).label(), name -> new EnumMap<>(Division.Part.class))
                                    .merge(part, 1, Integer::sum),
                            seed);
        } catch (IOException e) {
            // If the columns are exchanged, there are few texts, which cannot be divided.
            if (known.isEmpty()) {
                requireClasses(data, text, label, counts.values());
            }
            throw e;
        }
        if (counts.size() < 2) {
            parts.close();
            throw new IOException(data.file() + ": the column " + label + " must have at least two classes, found only "
                    + counts.keySet() + "; name another column with --label");
        }
        if (known.isEmpty()) {
            try {
                requireClasses(data, text, label, counts.values());
            } catch (IOException e) {
                parts.close();
                throw e;
            }
        }
        return new LabelledTexts(parts, counts);
    }

    /** Checks that a class has several texts, which is not so if the columns of text and class are exchanged. */
    private static void requireClasses(
            DataFile data, InputColumns text, Column label, Collection<Map<Division.Part, Integer>> counts)
            throws IOException {
        List<Integer> sizes = counts.stream()
                .map(count ->
                        count.values().stream().mapToInt(Integer::intValue).sum())
                .toList();
        int texts = sizes.stream().mapToInt(Integer::intValue).sum();
        if (sizes.size() > FEW_CLASSES && 2L * sizes.size() > texts) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "%s: a class of the column %s must have at least two texts on average, found %,d classes of %,d texts, of"
                            + " which %,d have one text; are --text %s and --label %s exchanged?",
                    data.file(),
                    label,
                    sizes.size(),
                    texts,
                    sizes.stream().filter(size -> size == 1).count(),
                    text.text(),
                    label));
        }
    }

    /** Returns a text with its class, which must be one of those that are known, if any are. */
    static LabelledText of(TextRow row, InputColumns text, Column label, List<String> known) {
        LabelledText example = new LabelledText(text.text(row), text.pair(row), label.label(row));
        if (!known.isEmpty() && !known.contains(example.label())) {
            throw row.refuse(label + " must be one of the classes of the classifier, " + known + ", found '"
                    + example.label() + "'");
        }
        return example;
    }

    /** Exceptions are for numbers that are too large only: each takes a microsecond, and a file can have millions of labels. */
    private static int number(String label) {
        int digits = label.startsWith("-") || label.startsWith("+") ? 1 : 0;
        if (label.length() == digits || !label.chars().skip(digits).allMatch(Character::isDigit)) {
            return Integer.MAX_VALUE;
        }
        try {
            return Integer.parseInt(label);
        } catch (NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    /** Returns the classes: numbers in their order, before other labels. */
    Labels labels() {
        return labels;
    }

    /** Returns the texts: lists that read each of them from the file. */
    DataFile.Divided<LabelledText> parts() {
        return parts;
    }

    /** Returns the number of texts of a part by class. */
    int[] count(Division.Part part) {
        return counts.values().stream()
                .mapToInt(count -> count.getOrDefault(part, 0))
                .toArray();
    }

    /**
     * Returns weights with which all classes count the same in the training.
     *
     * @return a weight for each class
     */
    double[] balancedWeights() {
        return Labels.balancedWeights(count(Division.Part.TRAIN));
    }
}
