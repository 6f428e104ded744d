package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;

/** The batch that a pass computes now, for its layers. */
final class CurrentBatch {
    private @Nullable Segments segments;
    private int @Nullable [] rows;
    private int firstRow;

    void set(Segments now) {
        segments = now;
        rows = null;
    }

    /**
     * Says that only some rows of a batch of one segment are computed.
     *
     * @param chosen the numbers of the rows in the batch
     * @param from the first of them that is computed now
     */
    void setRows(int[] chosen, int from) {
        rows = chosen;
        firstRow = from;
    }

    /** The number in the batch of a row that is computed now. */
    int rowNumber(int row) {
        return rows == null ? row : rows[firstRow + row];
    }

    /** Whether the rows that are computed now follow others of the same batch. */
    boolean isContinued() {
        return rows != null && firstRow > 0;
    }

    Segments get() {
        if (segments == null) {
            throw new IllegalStateException("the pass must be given a batch first");
        }
        return segments;
    }
}
