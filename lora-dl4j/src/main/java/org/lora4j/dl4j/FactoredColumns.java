package org.lora4j.dl4j;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.dl4j.TrainedArray.Role;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The update of the rows of an embedding, {@code zᵢ += s·B·A[:, idᵢ]}. With {@code g = ∂L/∂z} and {@code uᵢ = A[:, idᵢ]}
 * its gradients are {@code ∂B = s·gᵀ·u}, and {@code s·gᵢ·B} added up for each id's column of A. As in PEFT, dropout does
 * not apply to it.
 */
final class FactoredColumns {
    private final Trained trained;
    private final BaseWeight base;
    private final @Nullable Target target;
    private final @Nullable LowRankFactors subtracted;
    private INDArray u = Nd4j.empty();

    FactoredColumns(LayerAdapter adapter, Attachment attachment, Trained trained) {
        this.trained = trained;
        base = attachment.weights().get(0);
        target = adapter.target();
        subtracted = attachment.subtracted().get(base.parameter());
    }

    /**
     * Returns what the adapter adds to the rows.
     *
     * @return {@code [n, dim]} in 'c' order, or null while the adapter is not active
     */
    @Nullable
    INDArray update(int[] ids, @Nullable INDArray originalBias) {
        if (!trained.isActive()) {
            return null;
        }
        INDArray sum = Nd4j.create(base.dataType(), ids.length, base.outputSize());
        if (target != null) {
            INDArray b = Objects.requireNonNull(trained.value(base.parameter(), Role.LORA_B));
            u = columns(Objects.requireNonNull(trained.value(base.parameter(), Role.LORA_A)), ids);
            Nd4j.gemm(u, b, sum, false, true, target.scale(), 0);
            if (subtracted != null) {
                Nd4j.gemm(columns(subtracted.a(), ids), subtracted.b(), sum, false, true, -target.scale(), 1);
            }
        }
        INDArray copy = trained.value(base.biasParameter(), Role.COPY);
        if (copy != null && originalBias != null) {
            sum.addiRowVector(copy.sub(originalBias.reshape(copy.shape())));
        }
        return sum;
    }

    /** The columns of A for the ids, as rows {@code [n, r]}. */
    private static INDArray columns(INDArray a, int... ids) {
        INDArray result = Nd4j.createUninitialized(a.dataType(), ids.length, a.size(0));
        return Nd4j.pullRows(a.transpose().dup('c'), result, 1, ids);
    }

    /**
     * Writes the gradients of the adapter's arrays.
     *
     * @param g the gradient of the rows {@code [n, dim]}
     */
    void backward(int[] ids, INDArray g) {
        if (!trained.isActive()) {
            return;
        }
        INDArray copy = trained.gradient(base.biasParameter(), Role.COPY);
        if (copy != null) {
            copy.assign(g.sum(true, 0));
        }
        INDArray aGradient = trained.gradient(base.parameter(), Role.LORA_A);
        INDArray bGradient = trained.gradient(base.parameter(), Role.LORA_B);
        if (target == null || aGradient == null || bGradient == null) {
            return;
        }
        INDArray b = Objects.requireNonNull(trained.value(base.parameter(), Role.LORA_B));
        Nd4j.gemm(g, u, bGradient, true, false, target.scale(), 0);
        INDArray v = Nd4j.createUninitialized(g.dataType(), new long[] {g.size(0), b.size(1)}, 'c');
        Nd4j.gemm(g, b, v, false, false, target.scale(), 0);
        INDArray byId = Nd4j.zeros(g.dataType(), aGradient.size(1), aGradient.size(0));
        Nd4j.exec(DynamicCustomOp.builder("scatter_add")
                .addInputs(byId, Nd4j.createFromArray(ids), v)
                .addOutputs(byId)
                .build());
        aGradient.assign(byId.transpose());
    }
}
