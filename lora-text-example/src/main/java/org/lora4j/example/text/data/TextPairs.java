package org.lora4j.example.text.data;

import java.io.IOException;
import java.util.List;
import org.lora4j.example.text.data.TextFolder.Row;

/**
 * Texts and those that belong to them, such as a passage and the next one.
 *
 * @param first the texts that search
 * @param second the text that each of them should find
 */
public record TextPairs(List<String> first, List<String> second) {
    /**
     * Copies both.
     *
     * @param first as in the record
     * @param second as in the record
     */
    public TextPairs {
        first = List.copyOf(first);
        second = List.copyOf(second);
    }

    /**
     * Reads the pairs for training: {@code train-pairs.tsv}.
     *
     * @param folder the folder
     * @return the pairs
     * @throws IOException if the file is missing or a line does not have two fields
     */
    public static TextPairs train(TextFolder folder) throws IOException {
        return read(folder, "train-pairs");
    }

    /**
     * Reads the pairs for testing: {@code test-pairs.tsv}.
     *
     * @param folder the folder
     * @return the pairs
     * @throws IOException if the file is missing or a line does not have two fields
     */
    public static TextPairs test(TextFolder folder) throws IOException {
        return read(folder, "test-pairs");
    }

    private static TextPairs read(TextFolder folder, String name) throws IOException {
        List<Row> rows = folder.rows(name);
        return new TextPairs(
                rows.stream().map(Row::first).toList(),
                rows.stream().map(Row::second).toList());
    }

    /**
     * Counts the pairs.
     *
     * @return their number
     */
    public int size() {
        return first.size();
    }
}
