package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.lora4j.spark.internal.base.InvalidRowException;

/** Reads the example that a row is, and says which rows are trained on. */
public interface ExampleReader extends Serializable {
    /**
     * Reads a row.
     *
     * @param number its number in the order of the training
     * @throws InvalidRowException if the row cannot be computed
     */
    Example read(Row row, long number);

    /**
     * Whether there is something to learn in a row.
     *
     * @throws InvalidRowException if the row cannot be computed
     */
    boolean isLearned(Row row);

    /** Whether rows that cannot be computed are left out. */
    boolean skipsInvalid();

    /**
     * Whether a row is trained on. Rows that cannot be computed are left out, or cause an error.
     *
     * @throws InvalidRowException if the row cannot be computed, and such rows are not left out
     */
    default boolean isUsed(Row row) {
        try {
            return isLearned(row);
        } catch (InvalidRowException e) {
            if (skipsInvalid()) {
                return false;
            }
            throw e;
        }
    }
}
