package org.lora4j.spark;

import java.io.Serializable;
import org.apache.spark.sql.Row;

/** Says which rows are trained on. */
interface RowFilter extends Serializable {
    /**
     * Whether a row is used. Rows that cannot be computed are left out, or cause an error.
     *
     * @throws InvalidRowException if the row cannot be computed, and such rows are not left out
     */
    boolean isUsed(Row row);
}
