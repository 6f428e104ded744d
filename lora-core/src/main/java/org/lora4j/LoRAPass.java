package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.BuffersByWidth;
import org.lora4j.internal.FlatRow;
import org.lora4j.internal.Gemm;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.ParametrizationPass;
import org.lora4j.nn.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The factored computation of {@link LoRAParametrization}: two thin products forward, four backward. */
final class LoRAPass implements ParametrizationPass {
    private final PassContext context;

    /** {@code u = drop(x)·Aᵀ [n, r]}. */
    private final BuffersByWidth downs;

    /** {@code v = s·g·B [n, r]}, the gradient of u. */
    private final BuffersByWidth downGradients;

    private final BatchBuffer droppedGradients;
    private final Dropout dropout;
    private final SubtractedPass subtracted;

    private final Gemm down = new Gemm(false, true, 1, 0);
    private final Gemm addUp = new Gemm(false, true, 1, 1);
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm downGradientProduct = new Gemm(false, false, 1, 0);
    private final Gemm bGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm bBiasGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm aGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm inputGradientProduct = new Gemm(false, false, 1, 1);
    private final Gemm droppedGradientProduct = new Gemm(false, false, 1, 0);

    // The parametrization that this is bound to.
    private INDArray a;
    private INDArray b;
    private long rank;
    private @Nullable INDArray bBiasRow;
    private @Nullable INDArray aGradient;
    private @Nullable INDArray bGradient;
    private @Nullable INDArray bBiasGradientRow;
    private boolean drops;
    private boolean subtracts;

    /** The input of A in the last forward: x, or what dropout left of it. */
    private @Nullable INDArray seen;

    LoRAPass(LoRAParametrization lora, PassContext context) {
        this.context = context;
        a = lora.loraA().value();
        b = lora.loraB().value();
        downs = new BuffersByWidth(context.dataType());
        downGradients = new BuffersByWidth(context.dataType());
        droppedGradients = new BatchBuffer(context.dataType(), a.size(1), context.order());
        dropout = new Dropout(context, a.size(1));
        subtracted = new SubtractedPass(context);
        bind(lora, lora.dropout());
    }

    @Override
    public boolean bind(OutputUpdate update) {
        return update instanceof LoRAParametrization lora && bind(lora, lora.dropout());
    }

    /** Binds this to a parametrization with another dropout than its own; 0 for none. */
    boolean bind(LoRAParametrization lora, double probability) {
        double scale = lora.scale();
        Parameter bBias = lora.loraBBias();
        INDArray bBiasGradient = bBias == null ? null : context.gradient(bBias);
        LoRAWeights initial = lora.subtracted();
        a = lora.loraA().value();
        b = lora.loraB().value();
        rank = lora.rank();
        aGradient = context.gradient(lora.loraA());
        bGradient = context.gradient(lora.loraB());
        bBiasRow = lora.loraBBiasRow();
        bBiasGradientRow = bBiasGradient == null ? null : FlatRow.of(bBiasGradient);
        drops = dropout.configure(probability, lora.seed());
        subtracts = initial != null;
        if (initial != null) {
            subtracted.bind(initial, scale);
        }
        addUp.configure(false, true, scale, 1);
        addBias.configure(false, false, scale, 1);
        downGradientProduct.configure(false, false, scale, 0);
        bGradientProduct.configure(true, false, scale, 0);
        bBiasGradientProduct.configure(true, false, scale, 0);
        seen = null;
        return true;
    }

    @Override
    public boolean readsBase() {
        return false;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        long n = x.size(0);
        seen = drops ? dropout.apply(x) : x;
        INDArray u = downs.rows(n, rank);
        down.run(seen, a, u);
        addUp.run(u, b, y);
        if (bBiasRow != null) {
            addBias.run(context.ones(n), bBiasRow, y);
        }
        if (subtracts) {
            subtracted.forward(x, y);
        }
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        long n = x.size(0);
        INDArray v = downGradients.rows(n, rank);
        downGradientProduct.run(yGradient, b, v);
        if (bGradient != null) {
            bGradientProduct.run(yGradient, downs.rows(n, rank), bGradient);
        }
        if (aGradient != null && seen != null) {
            aGradientProduct.run(v, seen, aGradient);
        }
        if (bBiasGradientRow != null) {
            bBiasGradientProduct.run(context.ones(n), yGradient, bBiasGradientRow);
        }
        if (subtracts) {
            subtracted.backward(yGradient);
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        INDArray v = downGradients.rows(xGradient.size(0), rank);
        if (drops) {
            INDArray dropped = droppedGradients.rows(xGradient.size(0));
            droppedGradientProduct.run(v, a, dropped);
            dropout.addInputGradient(dropped, xGradient);
        } else {
            inputGradientProduct.run(v, a, xGradient);
        }
        if (subtracts) {
            subtracted.addInputGradient(xGradient);
        }
    }
}
