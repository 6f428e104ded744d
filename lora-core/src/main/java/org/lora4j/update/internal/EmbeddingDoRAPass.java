package org.lora4j.update.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of a {@link LoRAUpdate} with a magnitude on an embedding: {@code yᵢ += c∘zᵢ − W[idᵢ]} with
 * {@code zᵢ = W[idᵢ] + s·B·A[:, idᵢ]}. As in PEFT, dropout does not apply to it.
 */
final class EmbeddingDoRAPass implements TokenUpdatePass {
    private final PassContext context;
    private final LookupUpdate update;
    private final DoRAScaling scaling;

    /** The rows of the table, {@code W[idᵢ]}. */
    private final BatchBuffer tableRows;

    EmbeddingDoRAPass(LoRAUpdate dora, PassContext context) {
        this.context = context;
        update = new LookupUpdate(context, dora.padding());
        scaling = new DoRAScaling(dora, context);
        tableRows = new BatchBuffer(context.dataType(), dora.b().size(0), 'c');
        dora.bind(update, context);
    }

    @Override
    public boolean bind(WeightUpdate other) {
        if (other instanceof LoRAUpdate dora && dora.magnitude() != null) {
            scaling.bind(dora);
            dora.bind(update, context);
            return true;
        }
        return false;
    }

    @Override
    public boolean readsBase() {
        return true;
    }

    @Override
    public void forward(int[] ids, INDArray y) {
        INDArray rows = tableRows.rows(ids.length);
        INDArray z = scaling.unscaled(ids.length);
        context.weight().weight().matrix().rows(ids, rows);
        z.assign(rows);
        update.forward(ids, z);
        scaling.forward(rows, y);
    }

    @Override
    public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
        update.backward(ids, scaling.backward(yGradient, baseGradient, true));
    }
}
