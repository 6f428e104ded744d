package org.lora4j.cli.retrieval;

import java.util.List;
import org.lora4j.cli.train.TextTable;

/** Which texts belong to which query, over all rows of a file, as hashes. */
final class RightTexts {
    private final TextTable pairs = new TextTable();

    void add(FoundTexts example) {
        pairs.put(FoundTexts.pair(example.query(), example.positive()), 1);
    }

    /**
     * Returns of some examples, {@code [query][text]}, which texts belong to which query: the positives, then the negatives if
     * there are any.
     */
    boolean[][] of(List<FoundTexts> examples, List<String> texts) {
        boolean[][] right = new boolean[examples.size()][texts.size()];
        for (int i = 0; i < right.length; i++) {
            for (int j = 0; j < right[i].length; j++) {
                right[i][j] = pairs.get(FoundTexts.pair(examples.get(i).query(), texts.get(j))) != TextTable.NONE;
            }
        }
        return right;
    }
}
