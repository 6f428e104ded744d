package org.lora4j.nn.compute.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segments;
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

    /**
     * Creates a computation.
     *
     * @param chain the layers, which must not overwrite their input
     * @param outputs nothing else uses it
     */
    RecomputedPass(Chain chain, BatchBuffer outputs, Recomputation shared) {
        this.chain = chain;
        this.outputs = outputs;
        this.shared = shared;
    }

    @Override
    public void bind(Segments batch) {
        chain.bind(batch);
    }

    @Override
    public boolean trains() {
        return chain.trains();
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        shared.fill(this);
        input = x;
        INDArray y = chain.forward(batch, x);
        // The next layers use the memory of y for what they compute.
        return outputs.rows(y.size(0)).assign(y);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        computeAgain(batch);
        return chain.backward(batch, yGradient, wantsInput);
    }

    private void computeAgain(Segments batch) {
        if (input == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!shared.fill(this)) {
            chain.forward(batch, input);
        }
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        computeAgain(batch);
        return chain.firstNonFinite(batch, segment);
    }
}
