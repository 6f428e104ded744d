package org.lora4j.spark;

import java.io.Serializable;

/**
 * Which columns are read and written.
 *
 * @param features the index of the input
 * @param mask the index of the mask of tokens; −1 if there is none
 * @param adapter the index of the names of adapters; −1 if all rows have the same
 * @param key the index of the ids of rows; −1 if there are none
 * @param hasPrediction whether there is a column for the prediction, behind the output
 * @param hasReason whether there is a column for the reason why a row has no output
 * @param outputsVectors whether an output is a vector, or else an array
 * @param invalid what to do with rows that cannot be computed
 * @param blockSize the number of rows that are computed together
 */
record ScoringColumns(
        int features,
        int mask,
        int adapter,
        int key,
        boolean hasPrediction,
        boolean hasReason,
        boolean outputsVectors,
        InvalidRows invalid,
        int blockSize)
        implements Serializable {}
