package org.lora4j.update.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of a {@link LoRAUpdate} without magnitude on an embedding:
 * {@code yᵢ += s·B·A[:, idᵢ] − s·B₀·A₀[:, idᵢ]}. As in PEFT, dropout does not apply to it.
 */
final class EmbeddingLoRAPass implements TokenUpdatePass {
    private final PassContext context;
    private final LookupUpdate update;
    private final LookupUpdate subtracted;
    private boolean subtracts;

    EmbeddingLoRAPass(LoRAUpdate lora, PassContext context) {
        this.context = context;
        update = new LookupUpdate(context, lora.padding());
        subtracted = new LookupUpdate(context, lora.padding());
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
    }

    @Override
    public void forward(int[] ids, INDArray y) {
        if (subtracts) {
            subtracted.forward(ids, y);
        }
        update.forward(ids, y);
    }

    @Override
    public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
        update.backward(ids, yGradient);
    }
}
