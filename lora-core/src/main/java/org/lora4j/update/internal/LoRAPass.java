package org.lora4j.update.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of a {@link LoRAUpdate} without magnitude. What is subtracted is fixed.
 *
 * @param <U> the computation by factors: of rows, or of tokens
 */
abstract class LoRAPass<U extends FactoredUpdate<?>> {
    final U update;
    final U subtracted;
    private final PassContext context;
    private boolean subtracts;

    LoRAPass(PassContext context, U update, U subtracted) {
        this.context = context;
        this.update = update;
        this.subtracted = subtracted;
    }

    /** Whether there is something to subtract. */
    final boolean subtracts() {
        return subtracts;
    }

    public final boolean bind(WeightUpdate other) {
        if (other instanceof LoRAUpdate lora && lora.magnitude() == null) {
            bindTo(lora);
            return true;
        }
        return false;
    }

    void bindTo(LoRAUpdate lora) {
        lora.bind(update, context);
        subtracts = lora.bindSubtracted(subtracted);
    }

    /** On a dense layer: {@code y += s·(drop(x)·Aᵀ·Bᵀ + b_B) − s·x·A₀ᵀ·B₀ᵀ}. What is subtracted has no dropout. */
    static final class OfRows extends LoRAPass<ProductUpdate> implements WeightUpdatePass {
        private final InputDropout dropout;
        private final BatchBuffer droppedGradients;
        private boolean drops;

        /** The input of A in the last forward: x, or what dropout left of it. */
        private @Nullable INDArray seen;

        OfRows(LoRAUpdate lora, PassContext context) {
            super(
                    context,
                    new ProductUpdate(context.dataType(), context::ones),
                    new ProductUpdate(context.dataType(), context::ones));
            long in = lora.a().size(1);
            dropout = new InputDropout(context, in);
            droppedGradients = context.newBuffer(in);
            bindTo(lora);
        }

        @Override
        void bindTo(LoRAUpdate lora) {
            super.bindTo(lora);
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
            if (subtracts()) {
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
            if (subtracts()) {
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
            if (subtracts()) {
                subtracted.addInputGradient(xGradient);
            }
        }
    }

    /** On an embedding: {@code yᵢ += s·B·A[:, idᵢ] − s·B₀·A₀[:, idᵢ]}. As in PEFT, dropout does not apply to it. */
    static final class OfTokens extends LoRAPass<LookupUpdate> implements TokenUpdatePass {
        OfTokens(LoRAUpdate lora, PassContext context) {
            super(context, new LookupUpdate(context, lora.padding()), new LookupUpdate(context, lora.padding()));
            bindTo(lora);
        }

        @Override
        public void forward(int[] ids, INDArray y) {
            if (subtracts()) {
                subtracted.forward(ids, y);
            }
            update.forward(ids, y);
        }

        @Override
        public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
            update.backward(ids, yGradient);
        }
    }
}
