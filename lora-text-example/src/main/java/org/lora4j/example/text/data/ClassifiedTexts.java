package org.lora4j.example.text.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.lora4j.example.text.data.TextFolder.Row;

/**
 * Texts of several classes, for training and for testing.
 *
 * @param title the name of the texts
 * @param classNames the names of the classes
 * @param train the texts for training
 * @param test the texts for testing
 */
public record ClassifiedTexts(String title, List<String> classNames, LabelledTexts train, LabelledTexts test) {
    private static final String TRAIN = "train";
    private static final String TEST = "test";
    private static final String NAMES = "labels";

    /**
     * Copies the names.
     *
     * @param title as in the record
     * @param classNames as in the record
     * @param train as in the record
     * @param test as in the record
     */
    public ClassifiedTexts {
        classNames = List.copyOf(classNames);
    }

    /**
     * Reads {@code train.tsv} and {@code test.tsv}, with a label and a text in each line. The classes are the labels of the
     * training texts, numbers in their order and before other labels. {@code labels.tsv} can give names to them: a label and
     * its name.
     *
     * @param folder the folder
     * @return the texts
     * @throws IOException if a file is missing, a line does not have two fields, there are fewer than two classes, or a label
     *     of a test text or of a name does not occur among the training texts
     */
    public static ClassifiedTexts read(TextFolder folder) throws IOException {
        List<Row> train = folder.rows(TRAIN);
        TreeSet<String> labels = new TreeSet<>(
                Comparator.comparingInt(ClassifiedTexts::number).thenComparing(Comparator.naturalOrder()));
        train.forEach(row -> labels.add(row.first()));
        if (labels.size() < 2) {
            throw new IOException(
                    folder.title() + ": the training texts must have at least two labels, found " + labels);
        }
        Map<String, Integer> classes = new HashMap<>();
        labels.forEach(label -> classes.put(label, classes.size()));
        String[] names = labels.toArray(String[]::new);
        for (Row name : folder.rowsIfPresent(NAMES)) {
            names[classOf(name, classes, folder, NAMES)] = name.second();
        }
        return new ClassifiedTexts(
                folder.title(),
                List.of(names),
                labelled(train, classes, folder, TRAIN),
                labelled(folder.rows(TEST), classes, folder, TEST));
    }

    private static int number(String label) {
        try {
            return Integer.parseInt(label);
        } catch (NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    private static LabelledTexts labelled(List<Row> rows, Map<String, Integer> classes, TextFolder folder, String file)
            throws IOException {
        List<Integer> found = new ArrayList<>();
        for (Row row : rows) {
            found.add(classOf(row, classes, folder, file));
        }
        return new LabelledTexts(rows.stream().map(Row::second).toList(), found);
    }

    private static int classOf(Row row, Map<String, Integer> classes, TextFolder folder, String file)
            throws IOException {
        Integer found = classes.get(row.first());
        if (found == null) {
            throw new IOException("%s: a label in %s must be one of the training texts, found \"%s\""
                    .formatted(folder.title(), file, row.first()));
        }
        return found;
    }
}
