package org.lora4j.nn.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.ReusableOp;
import org.lora4j.nn.layer.Residual;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * A residual connection, {@code y = x + f(x)}. Where a normalization reads the sum next, one loop computes both; where f
 * begins with one, the loop of its gradient adds that of the sum.
 */
final class ResidualPass implements LayerPass {
    private final Chain chain;
    private final Scratch scratch;

    /** The sums, where they must not overwrite what the chain computes; null where they may. */
    private final @Nullable BatchBuffer sums;

    private final ReusableOp add = new ReusableOp(DynamicCustomOp.builder("add").build());
    private @Nullable NormPass<?> normAfter;

    ResidualPass(Residual layer, long inputSize, PassResources resources) {
        chain = new Chain(layer.layers(), inputSize, false, resources);
        scratch = resources.scratch();
        sums = chain.outputIsBuffer() ? null : resources.buffers().rows(inputSize);
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
    public void followedBy(LayerPass next) {
        normAfter = next.leadingNorm();
    }

    @Override
    public @Nullable NormPass<?> leadingNorm() {
        return chain.leadingNorm();
    }

    @Override
    public INDArray forward(INDArray x) {
        INDArray y = chain.forward(x);
        INDArray sum = sums == null ? y : sums.rows(y.size(0));
        if (normAfter == null) {
            add.run(y, x, sum);
        } else {
            normAfter.addAndNormalize(y, x, sum);
        }
        return sum;
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        NormPass<?> norm = wantsInput ? chain.firstNorm() : null;
        if (norm != null) {
            norm.addToInputGradient(yGradient);
            return chain.backward(yGradient, true);
        }
        INDArray xGradient = chain.backward(yGradient, wantsInput);
        if (xGradient == null) {
            return null;
        }
        // A chain that computes nothing returns the gradient that it is given, which is not to be overwritten.
        INDArray result = xGradient == yGradient ? scratch.take(yGradient.size(0), yGradient.size(1)) : xGradient;
        add.run(xGradient, yGradient, result);
        return result;
    }

    @Override
    public Optional<String> firstNonFinite(int segment) {
        return chain.firstNonFinite(segment);
    }
}
