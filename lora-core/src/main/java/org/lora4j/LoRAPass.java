package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.BatchBuffer;
import org.lora4j.nn.FlatRow;
import org.lora4j.nn.Gemm;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The factored computation of {@link LoRAParametrization}: two thin products forward, four backward. */
final class LoRAPass implements ParametrizationPass {
    private final PassContext context;
    private final INDArray a;
    private final INDArray b;
    private final @Nullable INDArray bBiasRow;
    private final @Nullable INDArray aGradient;
    private final @Nullable INDArray bGradient;
    private final @Nullable INDArray bBiasGradientRow;
    private final @Nullable Dropout dropout;
    private final @Nullable TakenPass taken;

    /** {@code u = drop(x)·Aᵀ [n, r]}. */
    private final BatchBuffer downs;

    /** {@code v = s·g·B [n, r]}, the gradient of u. */
    private final BatchBuffer downGradients;

    private final BatchBuffer droppedGradients;

    private final Gemm down;
    private final Gemm addUp;
    private final Gemm addBias;
    private final Gemm downGradientProduct;
    private final Gemm bGradientProduct;
    private final Gemm bBiasGradientProduct;
    private final Gemm aGradientProduct;
    private final Gemm inputGradientProduct;
    private final Gemm droppedGradientProduct;

    /** What A saw in the last forward: x, or what dropout left of it. */
    private @Nullable INDArray seen;

    LoRAPass(LoRAParametrization lora, PassContext context, @Nullable Dropout dropout) {
        this.context = context;
        this.dropout = dropout;
        a = lora.loraA().value();
        b = lora.loraB().value();
        aGradient = context.gradient(lora.loraA());
        bGradient = context.gradient(lora.loraB());
        Parameter bBias = lora.loraBBias();
        bBiasRow = bBias == null ? null : FlatRow.of(bBias.value());
        INDArray bBiasGradient = bBias == null ? null : context.gradient(bBias);
        bBiasGradientRow = bBiasGradient == null ? null : FlatRow.of(bBiasGradient);
        LowRankFactors initial = lora.initial();
        taken = initial == null ? null : new TakenPass(initial, lora.scale(), context);

        double scale = lora.scale();
        downs = context.buffer(lora.rank());
        downGradients = context.buffer(lora.rank());
        droppedGradients = context.buffer(a.size(1));
        down = context.gemm(false, true, 1, 0);
        addUp = context.gemm(false, true, scale, 1);
        addBias = context.gemm(false, false, scale, 1);
        downGradientProduct = context.gemm(false, false, scale, 0);
        bGradientProduct = context.gemm(true, false, scale, 0);
        bBiasGradientProduct = context.gemm(true, false, scale, 0);
        aGradientProduct = context.gemm(true, false, 1, 0);
        inputGradientProduct = context.gemm(false, false, 1, 1);
        droppedGradientProduct = context.gemm(false, false, 1, 0);
    }

    @Override
    public boolean readsBase() {
        return false;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        long n = x.size(0);
        seen = dropout == null ? x : dropout.apply(x);
        INDArray u = downs.rows(n);
        down.run(seen, a, u);
        addUp.run(u, b, y);
        if (bBiasRow != null) {
            addBias.run(context.ones(n), bBiasRow, y);
        }
        if (taken != null) {
            taken.forward(x, y);
        }
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        long n = x.size(0);
        INDArray v = downGradients.rows(n);
        downGradientProduct.run(yGradient, b, v);
        if (bGradient != null) {
            bGradientProduct.run(yGradient, downs.rows(n), bGradient);
        }
        if (aGradient != null && seen != null) {
            aGradientProduct.run(v, seen, aGradient);
        }
        if (bBiasGradientRow != null) {
            bBiasGradientProduct.run(context.ones(n), yGradient, bBiasGradientRow);
        }
        if (taken != null) {
            taken.backward(yGradient);
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        INDArray v = downGradients.rows(xGradient.size(0));
        if (dropout == null) {
            inputGradientProduct.run(v, a, xGradient);
        } else {
            INDArray dropped = droppedGradients.rows(xGradient.size(0));
            droppedGradientProduct.run(v, a, dropped);
            dropout.addInputGradient(dropped, xGradient);
        }
        if (taken != null) {
            taken.addInputGradient(xGradient);
        }
    }

    /** What the base gave up at the beginning, {@code −s·B₀·A₀}: fixed, and without dropout. */
    private static final class TakenPass {
        private final LowRankFactors factors;
        private final BatchBuffer downs;
        private final BatchBuffer downGradients;
        private final Gemm down;
        private final Gemm subtractUp;
        private final Gemm downGradientProduct;
        private final Gemm inputGradientProduct;

        TakenPass(LowRankFactors factors, double scale, PassContext context) {
            this.factors = factors;
            downs = context.buffer(factors.a().size(0));
            downGradients = context.buffer(factors.a().size(0));
            down = context.gemm(false, true, 1, 0);
            subtractUp = context.gemm(false, true, -scale, 1);
            downGradientProduct = context.gemm(false, false, -scale, 0);
            inputGradientProduct = context.gemm(false, false, 1, 1);
        }

        void forward(INDArray x, INDArray y) {
            INDArray u = downs.rows(x.size(0));
            down.run(x, factors.a(), u);
            subtractUp.run(u, factors.b(), y);
        }

        void backward(INDArray yGradient) {
            downGradientProduct.run(yGradient, factors.b(), downGradients.rows(yGradient.size(0)));
        }

        void addInputGradient(INDArray xGradient) {
            inputGradientProduct.run(downGradients.rows(xGradient.size(0)), factors.a(), xGradient);
        }
    }
}
