package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.DropoutMask;
import org.lora4j.internal.LayerSeed;
import org.lora4j.nn.Dropout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Dropout in training. */
final class DropoutPass implements LayerPass {
    private final PassResources resources;
    private final Scratch scratch;
    private final @Nullable BatchBuffer outputs;
    private final DropoutMask mask = new DropoutMask();

    DropoutPass(Dropout layer, long size, boolean inputIsBuffer, PassResources resources) {
        this.resources = resources;
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : new BatchBuffer(resources.dataType(), size, resources.order());
        mask.configure(layer.probability(), LayerSeed.of(layer.seed(), layer.path()));
    }

    @Override
    public INDArray forward(INDArray x) {
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        mask.draw(resources.step().number(), resources.rowsBefore());
        mask.apply(x, y);
        return y;
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        INDArray xGradient = scratch.take(yGradient.size(0), yGradient.size(1));
        mask.applyToGradient(yGradient, xGradient, false);
        return xGradient;
    }
}
