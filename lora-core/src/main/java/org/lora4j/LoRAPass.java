package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BatchBuffer;
import org.lora4j.nn.Gemm;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The factored computation of {@link LoRAParametrization}: two thin products forward, four backward. */
final class LoRAPass implements ParametrizationPass {
    private final INDArray a;
    private final INDArray b;
    private final @Nullable INDArray aGradient;
    private final @Nullable INDArray bGradient;

    /** {@code u = x·Aᵀ [n, r]}. */
    private final BatchBuffer downs;

    /** {@code v = s·g·B [n, r]}, the gradient of u. */
    private final BatchBuffer downGradients;

    private final Gemm down;
    private final Gemm addUp;
    private final Gemm downGradientProduct;
    private final Gemm bGradientProduct;
    private final Gemm aGradientProduct;
    private final Gemm inputGradientProduct;

    LoRAPass(LoRAParametrization lora, PassContext context) {
        a = lora.loraA().value();
        b = lora.loraB().value();
        aGradient = context.gradient(lora.loraA());
        bGradient = context.gradient(lora.loraB());
        downs = context.buffer(lora.rank());
        downGradients = context.buffer(lora.rank());
        down = context.gemm(false, true, 1, 0);
        addUp = context.gemm(false, true, lora.scale(), 1);
        downGradientProduct = context.gemm(false, false, lora.scale(), 0);
        bGradientProduct = context.gemm(true, false, lora.scale(), 0);
        aGradientProduct = context.gemm(true, false, 1, 0);
        inputGradientProduct = context.gemm(false, false, 1, 1);
    }

    @Override
    public boolean readsBase() {
        return false;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        INDArray u = downs.rows(x.size(0));
        down.run(x, a, u);
        addUp.run(u, b, y);
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        long n = x.size(0);
        INDArray v = downGradients.rows(n);
        downGradientProduct.run(yGradient, b, v);
        if (bGradient != null) {
            bGradientProduct.run(yGradient, downs.rows(n), bGradient);
        }
        if (aGradient != null) {
            aGradientProduct.run(v, x, aGradient);
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        inputGradientProduct.run(downGradients.rows(xGradient.size(0)), a, xGradient);
    }
}
