package org.lora4j.update.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.lora4j.nn.weight.internal.ProductContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of a {@link LoRAUpdate} with a magnitude.
 *
 * @param <U> the computation by factors: of rows, or of tokens
 */
abstract class DoRAPass<U extends FactoredUpdate<?>> {
    final PassContext context;
    final U update;
    final DoRAScaling scaling;

    DoRAPass(LoRAUpdate dora, PassContext context, U update) {
        this.context = context;
        this.update = update;
        scaling = new DoRAScaling(dora, context);
    }

    public final boolean bind(WeightUpdate other) {
        if (other instanceof LoRAUpdate dora && dora.magnitude() != null) {
            scaling.bind(dora);
            bindFactors(dora);
            return true;
        }
        return false;
    }

    void bindFactors(LoRAUpdate dora) {
        dora.bind(update, context);
    }

    /** On a dense layer: {@code y += c∘z − x̃·Wᵀ} with {@code z = x̃·Wᵀ + s·(x̃·Aᵀ)·Bᵀ} and {@code x̃ = drop(x)}. */
    static final class OfRows extends DoRAPass<ProductUpdate> implements WeightUpdatePass {
        private final InputDropout dropout;

        // With dropout only: x̃·Wᵀ and its gradient (c−1)∘g, and the gradient of x̃.
        private final BatchBuffer droppedBases;
        private final BatchBuffer droppedBaseGradients;
        private final BatchBuffer droppedGradients;
        private final ProductContext droppedProducts = new ProductContext();
        private boolean drops;

        /** The input of A in the last forward: x, or what dropout left of it. */
        private @Nullable INDArray seen;

        OfRows(LoRAUpdate dora, PassContext context) {
            super(dora, context, new ProductUpdate(context.dataType(), context::ones));
            long in = dora.a().size(1);
            long out = dora.b().size(0);
            dropout = new InputDropout(context, in);
            droppedBases = context.newBuffer(out);
            droppedBaseGradients = context.newBuffer(out);
            droppedGradients = context.newBuffer(in);
            bindFactors(dora);
        }

        @Override
        void bindFactors(LoRAUpdate dora) {
            drops = dropout.configure(dora.dropout(), dora.seed());
            if (drops && context.weight().isTrainable()) {
                throw new IllegalStateException(context.weight().name()
                        + ": must be frozen where DoRA trains with dropout, found it is trainable");
            }
            super.bindFactors(dora);
            droppedProducts.forget();
            seen = null;
        }

        @Override
        public boolean readsBase() {
            return !drops;
        }

        @Override
        public void forward(INDArray x, INDArray base, INDArray y) {
            long n = x.size(0);
            INDArray input = x;
            INDArray updated = base;
            if (drops) {
                input = dropout.apply(x);
                updated = droppedBases.rows(n);
                context.weight().weight().multiply(droppedProducts, input, updated);
            }
            update.forward(input, scaling.unscaled(n).assign(updated));
            scaling.forward(updated, y);
            seen = input;
        }

        @Override
        public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
            if (seen == null) {
                throw new IllegalStateException("backward needs a forward before it");
            }
            INDArray updatedGradient = drops ? droppedBaseGradients.rows(x.size(0)) : baseGradient;
            update.backward(seen, scaling.backward(yGradient, updatedGradient, !drops));
        }

        @Override
        public void addInputGradient(INDArray xGradient) {
            if (!drops) {
                update.addInputGradient(xGradient);
                return;
            }
            long n = xGradient.size(0);
            INDArray dropped = droppedGradients.rows(n);
            context.weight().weight().multiplyTransposed(droppedProducts, droppedBaseGradients.rows(n), dropped, false);
            update.addInputGradient(dropped);
            dropout.addInputGradient(dropped, xGradient);
        }
    }

    /**
     * On an embedding: {@code yᵢ += c∘zᵢ − W[idᵢ]} with {@code zᵢ = W[idᵢ] + s·B·A[:, idᵢ]}. As in PEFT, dropout does not apply to
     * it.
     */
    static final class OfTokens extends DoRAPass<LookupUpdate> implements TokenUpdatePass {
        /** The rows of the table, {@code W[idᵢ]}. */
        private final BatchBuffer tableRows;

        OfTokens(LoRAUpdate dora, PassContext context) {
            super(dora, context, new LookupUpdate(context, dora.padding()));
            tableRows = new BatchBuffer(context.dataType(), dora.b().size(0), 'c');
            bindFactors(dora);
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
}
