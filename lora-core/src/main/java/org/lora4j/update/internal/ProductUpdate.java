package org.lora4j.update.internal;

import java.util.function.LongFunction;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A {@link FactoredUpdate} of a dense layer: {@code u = x·Aᵀ}, with {@code ∂A = vᵀ·x} and {@code ∂x = v·A}. */
final class ProductUpdate extends FactoredUpdate<INDArray> {
    private final Gemm product = new Gemm(false, true, 1, 0);
    private final Gemm aGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm inputGradientProduct = new Gemm(false, false, 1, 0);
    private final Gemm addInputGradientProduct = new Gemm(false, false, 1, 1);

    ProductUpdate(DataType dataType, LongFunction<INDArray> ones) {
        super(dataType, ones);
    }

    @Override
    void first(INDArray x, INDArray factor, INDArray u) {
        product.run(x, factor, u);
    }

    @Override
    void firstGradient(INDArray v, INDArray x, Gradient gradient) {
        aGradientProduct.configure(true, false, 1, gradient.beginProduct());
        aGradientProduct.run(v, x, gradient.array());
    }

    @Override
    boolean hasInputGradient() {
        return true;
    }

    /** Computes the gradient of the input, after {@link #backward}. */
    void inputGradient(INDArray xGradient) {
        inputGradientProduct.run(v(xGradient.size(0)), a(), xGradient);
    }

    /** Adds the gradient of the input, after {@link #backward}. */
    void addInputGradient(INDArray xGradient) {
        addInputGradientProduct.run(v(xGradient.size(0)), a(), xGradient);
    }
}
