package org.lora4j.dl4j;

import java.util.Arrays;
import java.util.Objects;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.lora4j.dl4j.TrainedArray.Role;
import org.lora4j.internal.math.ElementLoops;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.activations.IActivation;
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
    /** With at least so many outputs, the product of the gradient with W is faster if its result is in 'c' order. */
    private static final long MANY_OUTPUTS = 256;

    private final Trained trained;
    private final BaseWeight base;
    private final boolean passesGradient;
    private final @Nullable Target target;
    private final @Nullable LowRankFactors subtracted;

    private final Gemm product = new Gemm(false, false, 1, 0);
    private final Gemm inputGradient = new Gemm(false, true, 1, 0);
    private final Gemm down = new Gemm(false, true, 1, 0);
    private final Gemm up;
    private final Gemm subtractUp;
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm addScaledBias;
    private final Gemm gradientDown;
    private final Gemm gradientOfB;
    private final Gemm gradientOfA = new Gemm(true, false, 1, 0);
    private final Gemm addInputGradient = new Gemm(false, false, 1, 1);
    private final Gemm subtractInputGradient;
    private final ElementLoops outputLoops = new ElementLoops();
    private final ElementLoops gradientLoops = new ElementLoops();

    /** What the last forward pass in training kept: z, u, and drop(x) with its mask. */
    private INDArray z = Nd4j.empty();

    private boolean isKept;
    private INDArray u = Nd4j.empty();
    private @Nullable INDArray mask;
    private INDArray dropped = Nd4j.empty();

    private INDArray ones = Nd4j.empty();
    private INDArray gradientOfY = Nd4j.empty();
    private INDArray gradientOfZ = Nd4j.empty();
    private INDArray v = Nd4j.empty();

    FactoredRows(LayerAdapter adapter, Attachment attachment, Trained trained) {
        this.trained = trained;
        base = attachment.weights().get(0);
        passesGradient = attachment.passesGradient();
        target = adapter.target();
        subtracted = attachment.subtracted().get(base.parameter());
        double scale = target == null ? 1 : target.scale();
        up = new Gemm(false, true, scale, 1);
        subtractUp = new Gemm(false, true, -scale, 1);
        addScaledBias = new Gemm(false, false, scale, 1);
        gradientDown = new Gemm(false, false, scale, 0);
        gradientOfB = new Gemm(true, false, scale, 0);
        subtractInputGradient = new Gemm(false, false, -scale, 1);
    }

    /** Whether the layer computes with the adapter. If not, DL4J's own layer computes what the base does. */
    boolean isActive() {
        return trained.isActive();
    }

    /** Whether these rows are multiplied here. If not, DL4J's own layer computes what the base does, or refuses them. */
    boolean computes(@Nullable INDArray x, INDArray w) {
        return isActive() && x != null && x.rank() == 2 && x.size(1) == w.size(0);
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
     * @return {@code [n, out]}
     */
    INDArray forward(INDArray x, INDArray w, @Nullable INDArray bias, boolean training, LayerWorkspaceMgr workspaces) {
        INDArray result = workspaces.createUninitialized(
                ArrayType.ACTIVATIONS, w.dataType(), new long[] {x.size(0), w.size(1)}, 'f');
        product.run(x, w, result);
        if (target != null) {
            addUpdate(x, target, result, training);
        }
        INDArray copy = trained.value(base.biasParameter(), Role.COPY);
        add(addBias, copy == null ? bias : copy, result);
        add(addScaledBias, target == null ? null : trained.value(base.parameter(), Role.LORA_B_BIAS), result);
        return result;
    }

    /** Adds a bias to each row. A product is faster than ND4J's addition of a row vector. */
    private void add(Gemm gemm, @Nullable INDArray bias, INDArray to) {
        if (bias != null) {
            long n = to.size(0);
            if (ones.isEmpty() || ones.size(0) != n || ones.dataType() != to.dataType()) {
                ones = rows(ones, to, 1).assign(1);
            }
            gemm.run(ones, bias.reshape(1, bias.length()), to);
        }
    }

    private void addUpdate(INDArray x, Target update, INDArray result, boolean training) {
        INDArray a = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_B));
        u = rows(u, x, a.size(0));
        down.run(drop(x, update.dropout(), training), a, u);
        up.run(u, b, result);
        if (subtracted != null) {
            subtractUp.run(x.mmul(subtracted.a().transpose()), subtracted.b(), result);
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

    /** A matrix with as many rows as another, whose elements are not set. */
    private static INDArray rows(INDArray old, INDArray like, long columns) {
        boolean fits = !old.isEmpty() && old.size(0) == like.size(0) && old.dataType() == like.dataType();
        return fits ? old : Nd4j.createUninitializedDetached(like.dataType(), 'f', like.size(0), columns);
    }

    /**
     * Returns the gradient of z, given that of the layer's output. DL4J's own loop for a ReLU takes many times as
     * long, and all of its loops do if the orders differ.
     *
     * @param function the activation function of the layer
     * @param computed z, which is overwritten
     * @param yGradient the gradient of {@code function(z)}
     * @return {@code [n, out]}, valid until the next call
     */
    INDArray throughActivation(IActivation function, INDArray computed, INDArray yGradient) {
        INDArray given = yGradient;
        if (yGradient.ordering() != computed.ordering() || yGradient.dataType() != computed.dataType()) {
            gradientOfY = assignable(gradientOfY, computed).assign(yGradient);
            given = gradientOfY;
        }
        if (!ElementLoops.isRelu(function)) {
            return function.backprop(computed, given).getFirst();
        }
        gradientOfZ = assignable(gradientOfZ, computed);
        outputLoops.relu(computed, computed);
        gradientLoops.reluGradient(computed, given, gradientOfZ);
        return gradientOfZ;
    }

    /**
     * Writes the gradients of the adapter's arrays.
     *
     * @param x the rows {@code [n, in]} of the forward pass
     * @param g the gradient of z {@code [n, out]}
     * @param w the weight {@code [in, out]}
     * @return the gradient of x {@code [n, in]}, or null if no layer needs it
     */
    @Nullable
    INDArray backward(INDArray x, INDArray g, INDArray w, LayerWorkspaceMgr workspaces) {
        INDArray xGradient = null;
        if (passesGradient) {
            xGradient = workspaces.createUninitialized(
                    ArrayType.ACTIVATION_GRAD,
                    g.dataType(),
                    new long[] {g.size(0), w.size(0)},
                    w.size(1) < MANY_OUTPUTS ? 'f' : 'c');
            inputGradient.run(g, w, xGradient);
        }
        if (trained.isActive()) {
            biasGradients(g);
            if (target != null) {
                factorGradients(x, g, target, xGradient);
            }
        }
        return xGradient;
    }

    private void factorGradients(INDArray x, INDArray g, Target update, @Nullable INDArray xGradient) {
        INDArray a = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(update.parameter(), Role.LORA_B));
        v = rows(v, g, a.size(0));
        gradientDown.run(g, b, v);
        INDArray aGradient = trained.gradient(update.parameter(), Role.LORA_A);
        INDArray bGradient = trained.gradient(update.parameter(), Role.LORA_B);
        if (aGradient != null && bGradient != null) {
            gradientOfB.run(g, u, bGradient);
            gradientOfA.run(v, mask == null ? x : dropped, aGradient);
        }
        if (xGradient == null) {
            return;
        }
        if (mask == null) {
            addInputGradient.run(v, a, xGradient);
        } else {
            xGradient.addi(v.mmul(a).muli(mask));
        }
        if (subtracted != null) {
            subtractInputGradient.run(g.mmul(subtracted.b()), subtracted.a(), xGradient);
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
