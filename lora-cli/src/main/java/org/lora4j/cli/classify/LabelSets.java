package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextRow;

/** Texts with any number of labels, for training, for the validation and for a test. */
final class LabelSets {
    private final DataFile.Divided<TextLabels> parts;
    private final Labels labels;
    private final Map<String, Map<Division.Part, Integer>> counts;

    /** How many texts for training have exactly these labels. */
    private final Map<List<String>, Integer> sets;

    private LabelSets(
            DataFile.Divided<TextLabels> parts,
            Map<String, Map<Division.Part, Integer>> counts,
            Map<List<String>, Integer> sets) {
        this.parts = parts;
        labels = Labels.of(new ArrayList<>(counts.keySet()));
        this.counts = counts;
        this.sets = sets;
    }

    /**
     * Where a row has its labels.
     *
     * @param text the column of the text, or those of a pair
     * @param label the column of the labels
     * @param separator what stands between two labels; null if they are lists
     * @param known the labels; none for those that the file has
     */
    record Columns(
            InputColumns text, Column label, @Nullable String separator, List<String> known) {
        /** Returns a text with its labels, which must be some of those that are known, if any are. */
        TextLabels of(TextRow row) {
            List<String> labels = label.labels(row, separator);
            for (String name : labels) {
                if (!known.isEmpty() && !known.contains(name)) {
                    throw row.refuse(
                            label + " must have labels of the classifier, " + known + ", found '" + name + "'");
                }
            }
            return new TextLabels(text.text(row), text.pair(row), labels);
        }
    }

    /**
     * Reads texts.
     *
     * @param data the files
     * @param columns where rows have texts and labels
     * @param seed the seed of the split
     * @return the texts
     * @throws IOException if a file cannot be read, or there is no label
     * @throws IllegalArgumentException if a line is wrong
     */
    static LabelSets read(DataFile data, Columns columns, long seed) throws IOException {
        Map<String, Map<Division.Part, Integer>> counts =
                columns.known().isEmpty() ? new TreeMap<>(LabelledTexts.NUMBERS_FIRST) : new LinkedHashMap<>();
        columns.known().forEach(name -> counts.put(name, new EnumMap<>(Division.Part.class)));
        Map<List<String>, Integer> sets = new HashMap<>();
        DataFile.Divided<TextLabels> parts = data.stratifiedBy(
                        row -> columns.label().labels(row, columns.separator()))
                .comparedBy(columns.text()::content)
                .read(
                        row -> List.of(columns.of(row)),
                        (examples, part) -> {
                            List<String> labels = examples.get(0).labels();
                            for (String label : labels) {
                                counts.computeIfAbsent(label, name -> new EnumMap<>(Division.Part.class))
                                        .merge(part, 1, Integer::sum);
                            }
                            if (part == Division.Part.TRAIN) {
                                sets.merge(labels.stream().sorted().toList(), 1, Integer::sum);
                            }
                        },
                        seed);
        if (counts.isEmpty()) {
            parts.close();
            throw new IOException(data.file() + ": the column " + columns.label()
                    + " must have at least one label, found none; name another column with --label");
        }
        return new LabelSets(parts, counts, sets);
    }

    /** Returns the labels: numbers in their order, before others. */
    Labels labels() {
        return labels;
    }

    /** Returns the texts: lists that read each of them from the file. */
    DataFile.Divided<TextLabels> parts() {
        return parts;
    }

    /** Returns the number of texts of a part that have each label. */
    int[] count(Division.Part part) {
        return counts.values().stream()
                .mapToInt(count -> count.getOrDefault(part, 0))
                .toArray();
    }

    /** Returns the labels that most texts for training have together; of equally frequent ones the first in the order of their names. */
    List<String> mostFrequent() {
        int most = Collections.max(sets.values());
        return sets.entrySet().stream()
                .filter(set -> set.getValue() == most)
                .map(Map.Entry::getKey)
                .min((one, other) -> Arrays.compare(one.toArray(String[]::new), other.toArray(String[]::new)))
                .orElseThrow();
    }

    /**
     * Returns weights with which a label counts as much as its absence: {@code (n − nₖ)/nₖ} of nₖ among n texts for training, and 1 for a
     * label that none of them has.
     *
     * @return a weight for each label
     */
    double[] balancedWeights() {
        int texts = parts.train().size();
        return Arrays.stream(count(Division.Part.TRAIN))
                .mapToDouble(count -> count == 0 ? 1 : (double) (texts - count) / count)
                .toArray();
    }
}
