package org.lora4j.dl4j;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.dl4j.TrainedArray.Role;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.random.impl.BernoulliDistribution;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The product of rows with a frozen weight and with the factors of an adapter,
 * {@code z = x·Wᵀ + b + s·(drop(x)·Aᵀ)·Bᵀ}, which forms nothing of the size of W. With {@code g = ∂L/∂z} and
 * {@code u = drop(x)·Aᵀ} its gradients are {@code ∂B = s·gᵀ·u}, {@code ∂A = s·(g·B)ᵀ·drop(x)} and
 * {@code ∂x = g·W + drop'(s·(g·B)·A)}.
 *
 * <p>Rows are in 'f' order, which is the fastest for few rows and the order of DL4J's weights.
 */
final class FactoredRows {
    private final Trained trained;
    private final BaseWeight base;
    private final boolean passesGradient;
    private final @Nullable Target target;
    private final @Nullable LowRankFactors subtracted;

    /** What the last forward pass in training kept: z, u, and drop(x) with its mask. */
    private INDArray z = Nd4j.empty();

    private boolean isKept;
    private INDArray u = Nd4j.empty();
    private @Nullable INDArray mask;
    private INDArray dropped = Nd4j.empty();

    FactoredRows(LoRALayer layer, Attachment attachment, Trained trained) {
        this.trained = trained;
        base = attachment.weights().get(0);
        passesGradient = attachment.passesGradient();
        target = layer.targets().isEmpty() ? null : layer.targets().get(0);
        subtracted = attachment.subtracted().get(base.parameter());
    }

    /** Whether the layer computes with the adapter. If not, DL4J's own layer computes what the base does. */
    boolean isActive() {
        return trained.isActive();
    }

    boolean passesGradient() {
        return passesGradient;
    }

    /** Forgets what the last forward pass kept. */
    void forget() {
        isKept = false;
        mask = null;
    }

    /** Keeps z for the backward pass: DL4J's activation functions overwrite it, and DL4J would compute it again. */
    void keep(INDArray computed) {
        z = assignable(z, computed).assign(computed);
        isKept = true;
    }

    private static INDArray assignable(INDArray old, INDArray like) {
        boolean fits = !old.isEmpty()
                && Arrays.equals(old.shape(), like.shape())
                && old.dataType() == like.dataType()
                && old.ordering() == like.ordering();
        return fits ? old : Nd4j.createUninitializedDetached(like.dataType(), like.ordering(), like.shape());
    }

    /** The z that was kept, or null. */
    @Nullable
    INDArray kept() {
        return isKept ? z : null;
    }

    /**
     * Computes z while the adapter is active.
     *
     * @param x the rows {@code [n, in]}
     * @param w the weight {@code [in, out]}
     * @param bias the original bias, or null
     * @param z the result {@code [n, out]}
     */
    INDArray forward(INDArray x, INDArray w, @Nullable INDArray bias, INDArray z, boolean training) {
        Nd4j.gemm(x, w, z, false, false, 1, 0);
        if (target != null) {
            addUpdate(x, target, z, training);
        }
        INDArray copy = trained.value(base.biasParameter(), Role.COPY);
        INDArray added = copy == null ? bias : copy;
        if (added != null) {
            z.addiRowVector(added.reshape(1, added.length()));
        }
        INDArray bBias = trained.value(base.parameter(), Role.LORA_B_BIAS);
        if (bBias != null && target != null) {
            z.addiRowVector(bBias.mul(target.scale()));
        }
        return z;
    }

    private void addUpdate(INDArray x, Target update, INDArray z, boolean training) {
        INDArray a = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_B));
        u = rows(u, x, a.size(0));
        Nd4j.gemm(drop(x, update.dropout(), training), a, u, false, true, 1, 0);
        Nd4j.gemm(u, b, z, false, true, update.scale(), 1);
        if (subtracted != null) {
            INDArray initial = x.mmul(subtracted.a().transpose());
            Nd4j.gemm(initial, subtracted.b(), z, false, true, -update.scale(), 1);
        }
    }

    private INDArray drop(INDArray x, double probability, boolean training) {
        if (!training || probability == 0) {
            mask = null;
            return x;
        }
        if (mask == null) {
            mask = Nd4j.createUninitializedDetached(x.dataType(), x.ordering(), x.shape());
            Nd4j.getExecutioner().exec(new BernoulliDistribution(mask, 1 - probability), Nd4j.getRandom());
            mask.divi(1 - probability);
        }
        dropped = assignable(dropped, x);
        return dropped.assign(x).muli(mask);
    }

    private static INDArray rows(INDArray old, INDArray x, long columns) {
        boolean fits = !old.isEmpty() && old.size(0) == x.size(0) && old.dataType() == x.dataType();
        return fits ? old : newRows(x.dataType(), x.size(0), columns);
    }

    private static INDArray newRows(DataType type, long rows, long columns) {
        return Nd4j.createUninitializedDetached(type, 'f', rows, columns);
    }

    /**
     * Writes the gradients of the adapter's arrays.
     *
     * @param x the rows {@code [n, in]} of the forward pass
     * @param g the gradient of z {@code [n, out]}
     * @param w the weight {@code [in, out]}
     * @param xGradient where the gradient of x {@code [n, in]} is written to, or null if no layer needs it
     */
    void backward(INDArray x, INDArray g, INDArray w, @Nullable INDArray xGradient) {
        if (xGradient != null) {
            Nd4j.gemm(g, w, xGradient, false, true, 1, 0);
        }
        if (trained.isActive()) {
            biasGradients(g);
            if (target != null) {
                factorGradients(x, g, target, xGradient);
            }
        }
    }

    private void factorGradients(INDArray x, INDArray g, Target update, @Nullable INDArray xGradient) {
        double scale = update.scale();
        INDArray a = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_B));
        INDArray v = Nd4j.createUninitialized(g.dataType(), new long[] {g.size(0), a.size(0)}, 'f');
        Nd4j.gemm(g, b, v, false, false, scale, 0);
        INDArray aGradient = trained.gradient(update.parameter(), Role.LORA_A);
        INDArray bGradient = trained.gradient(update.parameter(), Role.LORA_B);
        if (aGradient != null && bGradient != null) {
            Nd4j.gemm(g, u, bGradient, true, false, scale, 0);
            Nd4j.gemm(v, mask == null ? x : dropped, aGradient, true, false, 1, 0);
        }
        if (xGradient == null) {
            return;
        }
        if (mask == null) {
            Nd4j.gemm(v, a, xGradient, false, false, 1, 1);
        } else {
            xGradient.addi(v.mmul(a).muli(mask));
        }
        if (subtracted != null) {
            INDArray initial = g.mmul(subtracted.b());
            Nd4j.gemm(initial, subtracted.a(), xGradient, false, false, -scale, 1);
        }
    }

    private void biasGradients(INDArray g) {
        INDArray copy = trained.gradient(base.biasParameter(), Role.COPY);
        INDArray bBias = trained.gradient(base.parameter(), Role.LORA_B_BIAS);
        if (copy != null) {
            copy.assign(g.sum(true, 0));
        }
        if (bBias != null && target != null) {
            bBias.assign(g.sum(true, 0)).muli(target.scale());
        }
    }
}
