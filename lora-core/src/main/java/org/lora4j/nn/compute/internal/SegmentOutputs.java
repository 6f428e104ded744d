package org.lora4j.nn.compute.internal;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Takes the outputs of a batch whose segments may have heads of different widths. */
@FunctionalInterface
public interface SegmentOutputs {
    /**
     * Takes the output of a segment.
     *
     * @param segment the number of the segment
     * @param output its rows, each as wide as the head of the segment; a buffer of the pass, which the next segment overwrites
     */
    void accept(int segment, INDArray output);
}
