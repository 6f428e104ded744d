package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.DropoutMask;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowBlocks;
import org.lora4j.nn.layer.Dropout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Dropout in training. */
final class DropoutPass implements LayerPass {
    private final PassResources resources;
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
        this.resources = resources;
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : resources.buffers().rows(size);
        probability = layer.probability();
        seed = LayerSeed.of(layer.seed(), layer.path());
    }

    @Override
    public INDArray forward(INDArray x) {
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        Segments segments = resources.segments();
        for (int i = 0; i < segments.count(); i++) {
            PassStep step = segments.get(i).step();
            DropoutMask mask = mask(i);
            mask.draw(step.number(), row -> resources.rowNumber(step, row));
            mask.apply(resources.block(inputBlocks, x, i), resources.block(outputBlocks, y, i));
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
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        INDArray xGradient = scratch.take(yGradient.size(0), yGradient.size(1));
        for (int i = 0; i < resources.segments().count(); i++) {
            mask(i).applyToGradient(
                            resources.block(outputGradientBlocks, yGradient, i),
                            resources.block(inputGradientBlocks, xGradient, i),
                            false);
        }
        return xGradient;
    }
}
