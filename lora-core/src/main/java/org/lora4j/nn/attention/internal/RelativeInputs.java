package org.lora4j.nn.attention.internal;

import org.jspecify.annotations.Nullable;

/**
 * What an attention knows of the differences of positions, or the gradients of that. Each segment has a block of rows: those of
 * the table from one row on.
 *
 * @param first the first row of the table
 * @param each the number of rows of each segment
 * @param bias a number for each head; null if there is none
 * @param keys the heads of keys; null if there are none
 * @param queries the heads of queries; null if there are none
 */
public record RelativeInputs(
        int first,
        int each,
        @Nullable HeadColumns bias,
        @Nullable HeadColumns keys,
        @Nullable HeadColumns queries) {}
