package org.lora4j.nn.internal;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.layer.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Layers that keep only their input for the gradient, and compute everything else again. Random numbers depend on the step, so
 * the second time gives the same bits.
 */
final class RecomputedPass implements LayerPass {
    private final Chain chain;
    private final Recomputation shared;
    private final BatchBuffer outputs;
    private @Nullable INDArray input;

    RecomputedPass(List<Layer> layers, long inputSize, PassResources resources, Recomputation shared) {
        this.shared = shared;
        // The input is needed again, so it may not be overwritten.
        chain = new Chain(layers, inputSize, false, resources.recomputed(shared.newBuffers()));
        long size = inputSize;
        for (Layer layer : layers) {
            size = layer.outputSize(size);
        }
        outputs = resources.buffers().rows(size);
    }

    @Override
    public void bind() {
        chain.bind();
    }

    @Override
    public boolean trains() {
        return chain.trains();
    }

    @Override
    public INDArray forward(INDArray x) {
        shared.fill(this);
        input = x;
        INDArray y = chain.forward(x);
        // The next layers use the memory of y for what they compute.
        return outputs.rows(y.size(0)).assign(y);
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        computeAgain();
        return chain.backward(yGradient, wantsInput);
    }

    private void computeAgain() {
        if (input == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!shared.fill(this)) {
            chain.forward(input);
        }
    }

    @Override
    public Optional<String> firstNonFinite(int segment) {
        computeAgain();
        return chain.firstNonFinite(segment);
    }
}
