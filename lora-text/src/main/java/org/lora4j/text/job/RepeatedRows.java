package org.lora4j.text.job;

import org.lora4j.text.data.TextRow;
import org.lora4j.text.internal.TextTable;

/** Counts the rows of a validation that train too. A number of such rows says what the adapter was told, not what it learned. */
final class RepeatedRows {
    private static final int TRAINED = 1;

    private final TextTable rows = new TextTable();
    private long count;

    /** Remembers a row that trains. */
    void train(TextRow row) {
        rows.put(row.json(), TRAINED);
    }

    /** Looks at a row of the validation. */
    void hold(TextRow row) {
        if (rows.get(row.json()) == TRAINED) {
            count++;
        }
    }

    /** How many rows of the validation train too. */
    long count() {
        return count;
    }
}
