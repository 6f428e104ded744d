package org.lora4j;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BuffersByWidth;
import org.lora4j.internal.Gemm;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.TokenUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of {@link LoRAParametrization} on an embedding: {@code yᵢ += s·B·A[:, idᵢ]}. As in PEFT, dropout
 * does not apply to it.
 */
final class EmbeddingLoRAPass implements TokenUpdatePass {
    private final PassContext context;

    /** {@code uᵢ = A[:, idᵢ]}, {@code [n, r]}. */
    private final BuffersByWidth columns;

    /** {@code v = s·g·B [n, r]}, the gradient of u. */
    private final BuffersByWidth columnGradients;

    private final Gemm addUp = new Gemm(false, true, 1, 1);
    private final Gemm subtractUp = new Gemm(false, true, -1, 1);
    private final Gemm bGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm columnGradientProduct = new Gemm(false, false, 1, 0);

    // The parametrization that this is bound to.
    private LoRAParametrization lora;
    private @Nullable INDArray aGradient;
    private @Nullable INDArray bGradient;

    EmbeddingLoRAPass(LoRAParametrization lora, PassContext context) {
        this.context = context;
        this.lora = lora;
        columns = new BuffersByWidth(context.dataType());
        columnGradients = new BuffersByWidth(context.dataType());
        bindTo(lora);
    }

    @Override
    public boolean bind(OutputUpdate update) {
        if (update instanceof LoRAParametrization other) {
            bindTo(other);
            return true;
        }
        return false;
    }

    private void bindTo(LoRAParametrization other) {
        lora = other;
        aGradient = context.gradient(other.loraA());
        bGradient = context.gradient(other.loraB());
        addUp.configure(false, true, other.scale(), 1);
        subtractUp.configure(false, true, -other.scale(), 1);
        bGradientProduct.configure(true, false, other.scale(), 0);
        columnGradientProduct.configure(false, false, other.scale(), 0);
    }

    @Override
    public void forward(int[] ids, INDArray y) {
        LoRAWeights subtracted = lora.subtracted();
        if (subtracted != null) {
            subtractUp.run(columns(subtracted.loraA(), ids), subtracted.loraB(), y);
        }
        addUp.run(columns(lora.loraA().value(), ids), lora.loraB().value(), y);
    }

    /** The columns of A {@code [r, vocab]} for the tokens, as rows {@code [n, r]} in 'f' order. */
    private INDArray columns(INDArray a, int[] ids) {
        int rank = (int) a.size(0);
        int vocabulary = (int) a.size(1);
        INDArray u = columns.rows(ids.length, rank);
        ArrayMemory source = new ArrayMemory(a);
        ArrayMemory target = new ArrayMemory(u);
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < ids.length; i++) {
                target.put(k * ids.length + i, source.get(k * vocabulary + ids[i]));
            }
        }
        return u;
    }

    @Override
    public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
        int rank = lora.rank();
        if (bGradient != null) {
            bGradientProduct.run(yGradient, columns.rows(ids.length, rank), bGradient);
        }
        if (aGradient != null) {
            INDArray v = columnGradients.rows(ids.length, rank);
            columnGradientProduct.run(yGradient, lora.loraB().value(), v);
            scatter(v, ids, lora.padding(), aGradient);
        }
    }

    /** Adds up the gradients of each token's column of A; as in PEFT, the padding token has none. */
    private static void scatter(INDArray v, int[] ids, int padding, INDArray gradient) {
        int rank = (int) gradient.size(0);
        int vocabulary = (int) gradient.size(1);
        ArrayMemory source = new ArrayMemory(v);
        ArrayMemory target = new ArrayMemory(gradient);
        double[] sums = new double[vocabulary];
        for (int k = 0; k < rank; k++) {
            Arrays.fill(sums, 0);
            for (int i = 0; i < ids.length; i++) {
                sums[ids[i]] += ids[i] == padding ? 0 : source.get(k * ids.length + i);
            }
            for (int id = 0; id < vocabulary; id++) {
                target.put(k * vocabulary + id, sums[id]);
            }
        }
    }
}
