package org.lora4j.update.internal;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The one computation of an update by two factors: {@code y += s·(u·Bᵀ + b_B)} with {@code u = first(x) [n, r]}. The first
 * product is {@code x·Aᵀ} or a lookup of columns of A. The scale s is negative for a part that is subtracted. With
 * {@code g = ∂L/∂y} and {@code v = ∂L/∂u = s·g·B}, the gradients are {@code ∂B = s·gᵀ·u}, {@code ∂b_B = s·Σₙ g}, and ∂A from v.
 *
 * <p>It belongs to one thread at a time, and can be bound to the factors of one adapter after those of another.
 *
 * @param <X> the input: rows {@code [n, in]}, or tokens
 */
abstract sealed class FactoredUpdate<X> permits ProductUpdate, LookupUpdate {
    private final LongFunction<INDArray> ones;
    private final BatchBuffer.ByWidth us;
    private final BatchBuffer.ByWidth vs;
    private final Gemm addSecond = new Gemm(false, true, 1, 1);
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm vProduct = new Gemm(false, false, 1, 0);
    private final Gemm bGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm biasGradientProduct = new Gemm(true, false, 1, 0);

    // The factors that this is bound to.
    private @Nullable INDArray a;
    private @Nullable INDArray b;
    private @Nullable INDArray biasRow;
    private @Nullable Gradient aGradient;
    private @Nullable Gradient bGradient;
    private @Nullable Gradient biasGradient;
    private double scale;

    /**
     * Creates an update that is not bound.
     *
     * @param ones returns a column of ones {@code [n, 1]}, for the bias
     */
    FactoredUpdate(DataType dataType, LongFunction<INDArray> ones) {
        this.ones = ones;
        us = new BatchBuffer.ByWidth(dataType);
        vs = new BatchBuffer.ByWidth(dataType);
    }

    /** Computes {@code u = first(x)}. */
    abstract void first(X x, INDArray factor, INDArray u);

    /** Computes a part of ∂A from v, the gradient of u. */
    abstract void firstGradient(INDArray v, X x, Gradient gradient);

    /** Whether v is needed even if A does not train: for the gradient of the input. */
    abstract boolean hasInputGradient();

    /**
     * Binds this to factors that do not train.
     *
     * @param newBiasRow {@code b_B [1, out]}, or null
     */
    final void bind(INDArray newA, INDArray newB, @Nullable INDArray newBiasRow, double newScale) {
        a = newA;
        b = newB;
        biasRow = newBiasRow;
        aGradient = null;
        bGradient = null;
        biasGradient = null;
        scale = newScale;
        addSecond.configure(false, true, scale, 1);
        addBias.configure(false, false, scale, 1);
        vProduct.configure(false, false, scale, 0);
    }

    /** Sets the gradients; null for what does not train. */
    final void setGradients(
            @Nullable Gradient newAGradient, @Nullable Gradient newBGradient, @Nullable Gradient newBiasGradient) {
        aGradient = newAGradient;
        bGradient = newBGradient;
        biasGradient = newBiasGradient;
    }

    /** {@code A [r, in]}. */
    final INDArray a() {
        return required(a);
    }

    private INDArray b() {
        return required(b);
    }

    private static INDArray required(@Nullable INDArray factor) {
        if (factor == null) {
            throw new IllegalStateException("bind must be called before");
        }
        return factor;
    }

    /** {@code u [n, r]}. */
    private INDArray u(long n) {
        return us.rows(n, a().size(0));
    }

    /** {@code v [n, r]}. */
    final INDArray v(long n) {
        return vs.rows(n, a().size(0));
    }

    /** Adds the update to the output. */
    final void forward(X x, INDArray y) {
        INDArray u = u(y.size(0));
        first(x, a(), u);
        addSecond.run(u, b(), y);
        addBias(y);
    }

    /** Adds {@code s·b_B} alone to each row of the output, if there is a bias. */
    final void addBias(INDArray y) {
        if (biasRow != null) {
            addBias.run(ones.apply(y.size(0)), biasRow, y);
        }
    }

    /** Computes the gradients of what trains, after {@link #forward}. */
    final void backward(X x, INDArray yGradient) {
        long n = yGradient.size(0);
        if (bGradient != null) {
            bGradientProduct.configure(true, false, scale, bGradient.beginProduct());
            bGradientProduct.run(yGradient, u(n), bGradient.array());
        }
        if (aGradient != null || hasInputGradient()) {
            vProduct.run(yGradient, b(), v(n));
        }
        if (aGradient != null) {
            firstGradient(v(n), x, aGradient);
        }
        if (biasGradient != null) {
            biasGradientProduct.configure(true, false, scale, biasGradient.beginProduct());
            biasGradientProduct.run(ones.apply(n), yGradient, biasGradient.row());
        }
    }
}
