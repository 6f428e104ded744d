package org.lora4j.update.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The rows of {@link TokenRowsUpdate} in a head that shares the table of the embedding: the logit of the k-th of these tokens
 * t is {@code zₜ += x·(R[k] − W[t])}. The gradient of R is the sum of both.
 */
public final class HeadRowsUpdate implements WeightUpdate {
    private final TokenRowsUpdate rows;

    /**
     * Creates an update of a head.
     *
     * @param rows the rows in the table of the embedding
     */
    public HeadRowsUpdate(TokenRowsUpdate rows) {
        this.rows = rows;
    }

    private LoRAAdapter.TokenRows data() {
        return rows.data();
    }

    private Parameter parameter() {
        return rows.parameters().get(0);
    }

    @Override
    public List<Parameter> parameters() {
        return rows.parameters();
    }

    @Override
    public INDArray delta(INDArray original) {
        return rows.delta(original);
    }

    @Override
    public WeightUpdatePass newPass(PassContext context) {
        return new RowsPass<>(this, context, RowMath.of(context.dataType()));
    }

    @Override
    public String toString() {
        return rows + " in the head";
    }

    private static final class RowsPass<A> implements WeightUpdatePass {
        private final PassContext context;
        private final RowMath<A> math;
        private final Gemm multiply = new Gemm(false, true, 1, 0);
        private final Gemm differentiate = new Gemm(true, false, 1, 0);
        private final Gemm addInputGradient = new Gemm(false, false, 1, 1);
        private final int width;
        private final A row;
        private final A other;

        private final BatchBuffer originals;
        private final BatchBuffer differences;
        private final BatchBuffer.ByWidth products;
        private final BatchBuffer.ByWidth productGradients;

        // The update that this is bound to.
        private HeadRowsUpdate bound;
        private List<Integer> tokens;
        private @Nullable Gradient gradient;

        RowsPass(HeadRowsUpdate update, PassContext context, RowMath<A> math) {
            this.context = context;
            this.math = math;
            width = Math.toIntExact(update.parameter().value().size(1));
            row = math.array(width);
            other = math.array(width);
            bound = update;
            tokens = update.data().tokens();
            gradient = context.gradient(update.parameter());
            originals = new BatchBuffer(context.dataType(), width, 'c');
            differences = new BatchBuffer(context.dataType(), width, 'c');
            products = new BatchBuffer.ByWidth(context.dataType(), 'c');
            productGradients = new BatchBuffer.ByWidth(context.dataType(), 'c');
        }

        @Override
        public boolean bind(WeightUpdate update) {
            if (!(update instanceof HeadRowsUpdate headRows)) {
                return false;
            }
            bound = headRows;
            tokens = headRows.data().tokens();
            gradient = context.gradient(headRows.parameter());
            return true;
        }

        @Override
        public boolean readsBase() {
            return false;
        }

        @Override
        public void forward(INDArray x, INDArray base, INDArray y) {
            INDArray product = products.rows(x.size(0), tokens.size());
            multiply.run(x, computeDifferences(), product);
            ArrayMemory added = new ArrayMemory(product);
            ArrayMemory logits = new ArrayMemory(y);
            int count = tokens.size();
            int vocabulary = Math.toIntExact(y.size(1));
            for (int i = 0; i < x.size(0); i++) {
                for (int k = 0; k < count; k++) {
                    int place = i * vocabulary + tokens.get(k);
                    logits.put(place, logits.get(place) + added.get(i * count + k));
                }
            }
        }

        /** Computes {@code R[k] − W[t]}. */
        private INDArray computeDifferences() {
            INDArray original = originals.rows(tokens.size());
            INDArray result = differences.rows(tokens.size());
            context.weight().weight().matrix().rows(bound.rows.tokenIds(), original);
            ArrayMemory table = new ArrayMemory(original);
            ArrayMemory replacing = new ArrayMemory(bound.parameter().value());
            ArrayMemory results = new ArrayMemory(result);
            for (int k = 0; k < tokens.size(); k++) {
                math.read(replacing, k * width, row, width);
                math.read(table, k * width, other, width);
                math.addScaled(-1, other, row, width);
                math.write(results, k * width, row, width);
            }
            return result;
        }

        @Override
        public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
            INDArray productGradient = productGradients.rows(x.size(0), tokens.size());
            ArrayMemory given = new ArrayMemory(yGradient);
            ArrayMemory results = new ArrayMemory(productGradient);
            int count = tokens.size();
            int vocabulary = Math.toIntExact(yGradient.size(1));
            for (int i = 0; i < x.size(0); i++) {
                for (int k = 0; k < count; k++) {
                    results.put(i * count + k, given.get(i * vocabulary + tokens.get(k)));
                }
            }
            if (gradient != null) {
                differentiate.configure(true, false, 1, gradient.beginProduct());
                differentiate.run(productGradient, x, gradient.array());
            }
        }

        @Override
        public void addInputGradient(INDArray xGradient) {
            int count = tokens.size();
            addInputGradient.run(productGradients.rows(xGradient.size(0), count), differences.rows(count), xGradient);
        }
    }
}
