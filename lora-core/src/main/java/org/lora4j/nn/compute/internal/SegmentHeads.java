package org.lora4j.nn.compute.internal;

import java.util.HashMap;
import java.util.Map;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The computation of the last layer for segments that have a head of their own, with any number of outputs. Their outputs do not
 * fit into one matrix, so each segment is computed by itself.
 */
final class SegmentHeads {
    private final Linear layer;
    private final PassResources resources;
    private final RowBlocks blocks = new RowBlocks();
    private final Map<Long, LinearPass> byWidth = new HashMap<>();

    SegmentHeads(Linear layer, PassResources resources) {
        this.layer = layer;
        this.resources = resources;
    }

    /**
     * Computes the outputs.
     *
     * @param batch what the rows belong to
     * @param x the input of the layer {@code [n, in]}
     * @param outputs gets those of each segment
     */
    void forward(Segments batch, INDArray x, SegmentOutputs outputs) {
        for (int i = 0; i < batch.count(); i++) {
            Segment segment = batch.get(i);
            INDArray rows = batch.block(blocks, x, i);
            LinearPass linear = byWidth.computeIfAbsent(
                    segment.of(layer).weight().shape()[0], width -> new LinearPass(layer, width, resources));
            outputs.accept(i, linear.forward(Segments.ofRows(segment, Math.toIntExact(rows.size(0))), rows));
        }
    }
}
