package org.lora4j.nn.attention.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** The heads of the queries, keys and values of all tokens, or of their gradients. */
public record HeadInputs(HeadColumns queries, HeadColumns keys, HeadColumns values) {
    /**
     * Which gradients are needed.
     *
     * @param relative those of {@link RelativeInputs}
     */
    public record Wanted(boolean queries, boolean keys, boolean values, boolean relative) {
        /** Whether those of the scores are needed. */
        boolean scores() {
            return queries || keys || relative;
        }
    }

    /** Three matrices of heads side by side. */
    public static HeadInputs of(INDArray queries, INDArray keys, INDArray values, int size) {
        return new HeadInputs(
                new HeadColumns(queries, 0, size), new HeadColumns(keys, 0, size), new HeadColumns(values, 0, size));
    }
}
