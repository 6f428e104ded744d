package org.lora4j.update.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of a {@link LoRAUpdate} without magnitude on a dense layer:
 * {@code y += s·(drop(x)·Aᵀ·Bᵀ + b_B) − s·x·A₀ᵀ·B₀ᵀ}. What is subtracted is fixed and has no dropout.
 */
final class LoRAPass implements WeightUpdatePass {
    private final PassContext context;
    private final InputDropout dropout;
    private final BatchBuffer droppedGradients;
    private final ProductUpdate update;
    private final ProductUpdate subtracted;
    private boolean drops;
    private boolean subtracts;

    /** The input of A in the last forward: x, or what dropout left of it. */
    private @Nullable INDArray seen;

    LoRAPass(LoRAUpdate lora, PassContext context) {
        this.context = context;
        long in = lora.a().size(1);
        dropout = new InputDropout(context, in);
        droppedGradients = context.newBuffer(in);
        update = new ProductUpdate(context.dataType(), context::ones);
        subtracted = new ProductUpdate(context.dataType(), context::ones);
        bindTo(lora);
    }

    @Override
    public boolean bind(WeightUpdate other) {
        if (other instanceof LoRAUpdate lora && lora.magnitude() == null) {
            bindTo(lora);
            return true;
        }
        return false;
    }

    private void bindTo(LoRAUpdate lora) {
        lora.bind(update, context);
        subtracts = lora.bindSubtracted(subtracted);
        drops = dropout.configure(lora.dropout(), lora.seed());
        seen = null;
    }

    @Override
    public boolean readsBase() {
        return false;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        INDArray input = drops ? dropout.apply(x) : x;
        update.forward(input, y);
        if (subtracts) {
            subtracted.forward(x, y);
        }
        seen = input;
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        if (seen == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        update.backward(seen, yGradient);
        if (subtracts) {
            subtracted.backward(x, yGradient);
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        if (drops) {
            INDArray dropped = droppedGradients.rows(xGradient.size(0));
            update.inputGradient(dropped);
            dropout.addInputGradient(dropped, xGradient);
        } else {
            update.addInputGradient(xGradient);
        }
        if (subtracts) {
            subtracted.addInputGradient(xGradient);
        }
    }
}
