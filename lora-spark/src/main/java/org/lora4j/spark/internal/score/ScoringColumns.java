package org.lora4j.spark.internal.score;

import java.io.Serializable;
import org.lora4j.spark.internal.param.InvalidRows;

/**
 * How the rows of a table are read and completed, whatever is computed of them.
 *
 * @param adapter the index of the names of adapters; −1 if all rows have the same
 * @param key the index of the ids of rows; −1 if there are none
 * @param hasReason whether there is a column for the reason why a row has no output, behind the outputs
 * @param invalid what to do with rows that cannot be computed
 * @param blockSize the number of rows that are computed together
 */
public record ScoringColumns(int adapter, int key, boolean hasReason, InvalidRows invalid, int blockSize)
        implements Serializable {}
