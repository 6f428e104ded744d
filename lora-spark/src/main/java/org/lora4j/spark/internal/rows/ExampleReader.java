package org.lora4j.spark;

import org.apache.spark.sql.Row;

/** Reads the example that a row is. */
interface ExampleReader extends RowFilter {
    /**
     * Reads a row.
     *
     * @param number its number in the order of the training
     * @throws InvalidRowException if the row cannot be computed
     */
    Example read(Row row, long number);
}
