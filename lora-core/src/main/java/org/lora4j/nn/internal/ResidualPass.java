package org.lora4j.nn.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.ReusableOp;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.Residual;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** A residual connection with normalization: {@code y = norm(x + f(x))}. */
final class ResidualPass implements LayerPass {
    private final Chain chain;
    private final LayerNormPass<?> norm;
    private final Scratch scratch;

    /** A copy of what the chain computes, where the normalization must not overwrite it; null where it may. */
    private final @Nullable BatchBuffer copies;

    private final ReusableOp add = new ReusableOp(DynamicCustomOp.builder("add").build());

    ResidualPass(Residual layer, long inputSize, RowMath<?> math, PassResources resources) {
        chain = new Chain(layer.layers(), inputSize, false, resources);
        norm = new LayerNormPass<>(layer.norm(), math, resources);
        scratch = resources.scratch();
        copies = chain.outputIsBuffer() ? null : new BatchBuffer(resources.dataType(), inputSize, resources.order());
    }

    @Override
    public void bind() {
        chain.bind();
    }

    @Override
    public boolean trains() {
        return chain.trains() || norm.trains();
    }

    @Override
    public INDArray forward(INDArray x) {
        INDArray y = chain.forward(x);
        return norm.forward(copies == null ? y : copies.rows(y.size(0)).assign(y), x);
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        INDArray sumGradient = norm.backward(yGradient, wantsInput || chain.trains());
        if (sumGradient == null) {
            return null;
        }
        INDArray xGradient = chain.backward(sumGradient, wantsInput);
        if (xGradient == sumGradient) {
            // The chain has no layer that computes.
            add.run(sumGradient, sumGradient, sumGradient);
            return sumGradient;
        }
        if (xGradient != null) {
            add.run(xGradient, sumGradient, xGradient);
        }
        scratch.release(sumGradient);
        return xGradient;
    }

    @Override
    public Optional<String> firstNonFinite(int segment) {
        return chain.firstNonFinite(segment);
    }
}
