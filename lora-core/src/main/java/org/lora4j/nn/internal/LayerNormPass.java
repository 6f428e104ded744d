package org.lora4j.nn.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.LayerNorm;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a {@link LayerNorm} of a sum of two matrices. It keeps the normalized rows in the place of the first. */
final class LayerNormPass<A> {
    private final LayerNorm layer;
    private final RowMath<A> math;
    private final Gradients gradients;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final int width;
    private final A x;
    private final A y;
    private final A gamma;
    private final A beta;
    private final A gammaSum;
    private final A betaSum;
    private double[] factors = new double[0];

    // What the layer computes with now.
    private @Nullable EffectiveLinear effective;
    private @Nullable INDArray gammaGradient;
    private @Nullable INDArray betaGradient;
    private @Nullable INDArray normalized;

    LayerNormPass(LayerNorm layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        gradients = resources.gradients();
        scratch = resources.scratch();
        outputs = new BatchBuffer(resources.dataType(), layer.weight().length(), resources.order());
        width = Math.toIntExact(layer.weight().length());
        x = math.array(width);
        y = math.array(width);
        gamma = math.array(width);
        beta = math.array(width);
        gammaSum = math.array(width);
        betaSum = math.array(width);
    }

    boolean use(EffectiveLayers layers) {
        EffectiveLinear wanted = layers.of(layer);
        if (wanted.equals(effective)) {
            return false;
        }
        effective = wanted;
        gammaGradient = gradients.of(wanted.weight());
        betaGradient = gradients.of(bias());
        return true;
    }

    private EffectiveLinear effective() {
        if (effective == null) {
            throw new IllegalStateException("use must be called before");
        }
        return effective;
    }

    private Parameter bias() {
        Parameter bias = effective().bias();
        if (bias == null) {
            throw new IllegalStateException(layer.path() + ": a layer normalization has a bias");
        }
        return bias;
    }

    List<Parameter> parameters() {
        return List.of(effective().weight(), bias());
    }

    List<Parameter> trainable() {
        return parameters().stream()
                .filter(parameter -> gradients.of(parameter) != null)
                .toList();
    }

    /**
     * Computes {@code y = γ·normalized(a + b) + β}.
     *
     * @param a {@code [n, dim]}; gets the normalized rows, which the gradient needs
     * @param b {@code [n, dim]}, or null
     */
    INDArray forward(INDArray a, @Nullable INDArray b) {
        int n = Rows.count(a);
        if (factors.length < n) {
            factors = new double[n];
        }
        INDArray output = outputs.rows(n);
        ArrayMemory first = new ArrayMemory(a);
        ArrayMemory second = b == null ? null : new ArrayMemory(b);
        ArrayMemory results = new ArrayMemory(output);
        math.read(new ArrayMemory(effective().weight().value()), 0, gamma, width);
        math.read(new ArrayMemory(bias().value()), 0, beta, width);
        for (int i = 0; i < n; i++) {
            math.read(first, i * width, x, width);
            if (second != null) {
                math.read(second, i * width, y, width);
                math.add(y, x, width);
            }
            factors[i] = math.normalize(x, layer.epsilon(), width);
            math.affine(x, gamma, beta, y, width);
            math.write(first, i * width, x, width);
            math.write(results, i * width, y, width);
        }
        normalized = a;
        return output;
    }

    /** Computes the gradients of γ and β, and that of the sum if it is wanted, lent by {@link Scratch}. */
    @Nullable
    INDArray backward(INDArray yGradient, boolean wantsInput) {
        if (normalized == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        boolean trains = gammaGradient != null || betaGradient != null;
        if (!wantsInput && !trains) {
            return null;
        }
        int n = Rows.count(yGradient);
        INDArray sumGradient = wantsInput ? scratch.take(n, width) : null;
        ArrayMemory results = sumGradient == null ? null : new ArrayMemory(sumGradient);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory rows = new ArrayMemory(normalized);
        math.clear(gammaSum, width);
        math.clear(betaSum, width);
        for (int i = 0; i < n; i++) {
            math.read(given, i * width, y, width);
            math.read(rows, i * width, x, width);
            if (trains) {
                math.addProduct(y, x, gammaSum, width);
                math.add(y, betaSum, width);
            }
            if (results != null) {
                math.multiply(gamma, y, width);
                math.normalizeGradient(y, x, factors[i], width);
                math.write(results, i * width, y, width);
            }
        }
        if (gammaGradient != null) {
            math.write(new ArrayMemory(gammaGradient), 0, gammaSum, width);
        }
        if (betaGradient != null) {
            math.write(new ArrayMemory(betaGradient), 0, betaSum, width);
        }
        return sumGradient;
    }
}
