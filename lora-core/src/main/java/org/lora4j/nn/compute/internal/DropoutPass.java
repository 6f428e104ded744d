package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.DropoutMask;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Dropout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Dropout in training. */
final class DropoutPass implements LayerPass {
    private final Scratch scratch;
    private final @Nullable BatchBuffer outputs;
    private final double probability;
    private final long seed;

    /** A mask for each segment, because each has its own step. */
    private final List<DropoutMask> masks = new ArrayList<>();

    private final RowBlocks inputBlocks = new RowBlocks();
    private final RowBlocks outputBlocks = new RowBlocks();
    private final RowBlocks outputGradientBlocks = new RowBlocks();
    private final RowBlocks inputGradientBlocks = new RowBlocks();

    DropoutPass(Dropout layer, long size, boolean inputIsBuffer, PassResources resources) {
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : resources.buffers().rows(size);
        probability = layer.probability();
        seed = LayerSeed.of(layer.seed(), layer.path());
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        for (int i = 0; i < batch.count(); i++) {
            Segment segment = batch.get(i);
            DropoutMask mask = mask(i);
            mask.draw(segment.step(), row -> batch.rowNumber(segment, row));
            mask.apply(batch.block(inputBlocks, x, i), batch.block(outputBlocks, y, i));
        }
        return y;
    }

    private DropoutMask mask(int segment) {
        if (segment == masks.size()) {
            DropoutMask mask = new DropoutMask();
            mask.configure(probability, seed);
            masks.add(mask);
        }
        return masks.get(segment);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        INDArray xGradient = scratch.take(yGradient.size(0), yGradient.size(1));
        for (int i = 0; i < batch.count(); i++) {
            mask(i).applyToGradient(
                            batch.block(outputGradientBlocks, yGradient, i),
                            batch.block(inputGradientBlocks, xGradient, i),
                            false);
        }
        return xGradient;
    }
}
