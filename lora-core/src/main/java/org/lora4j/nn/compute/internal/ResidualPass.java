package org.lora4j.nn.compute.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.ElementLoops;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A residual connection, {@code y = x + f(x)}. Where a normalization reads the sum next, one loop computes both; where f
 * begins with one, the loop of its gradient adds that of the sum.
 */
final class ResidualPass implements LayerPass {
    private final Chain chain;
    private final Scratch scratch;

    /** The sums, where they must not overwrite what the chain computes; null where they may. */
    private final @Nullable BatchBuffer sums;

    private final ElementLoops loops = new ElementLoops();
    private @Nullable NormPass<?> normAfter;

    /**
     * Creates a connection.
     *
     * @param chain f, which must not overwrite its input
     */
    ResidualPass(Chain chain, long inputSize, PassResources resources) {
        this.chain = chain;
        scratch = resources.scratch();
        sums = chain.outputIsBuffer() ? null : resources.buffers().rows(inputSize);
    }

    /** Says which normalization reads the sum next, if one does. */
    void setNormAfter(@Nullable NormPass<?> norm) {
        normAfter = norm;
    }

    /** Whether the sum stays as it is when the normalization has been computed with it. */
    boolean keepsOutput() {
        return normAfter == null || !normAfter.overwritesInput();
    }

    /** The first computation of f, or null if it has none. */
    @Nullable
    LayerPass first() {
        return chain.first();
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
        INDArray y = chain.forward(batch, x);
        INDArray sum = sums == null ? y : sums.rows(y.size(0));
        if (normAfter == null) {
            loops.sum(y, x, sum);
        } else {
            normAfter.addAndNormalize(batch, y, x, sum);
        }
        return sum;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (wantsInput && chain.first() instanceof NormPass<?> norm) {
            norm.addToInputGradient(yGradient);
            return chain.backward(batch, yGradient, true);
        }
        INDArray xGradient = chain.backward(batch, yGradient, wantsInput);
        if (xGradient == null) {
            return null;
        }
        // A chain that computes nothing returns the gradient that it is given, which is not to be overwritten.
        INDArray result = xGradient == yGradient ? scratch.take(yGradient.size(0), yGradient.size(1)) : xGradient;
        loops.sum(xGradient, yGradient, result);
        return result;
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        return chain.firstNonFinite(batch, segment);
    }
}
