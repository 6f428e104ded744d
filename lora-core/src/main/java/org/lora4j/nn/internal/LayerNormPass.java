package org.lora4j.nn.internal;

import java.util.Objects;
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
    private final PassResources resources;
    private final BatchBuffer outputs;
    private final int width;
    private final A x;
    private final A y;
    private final A gamma;
    private final A beta;
    private final A gammaSum;
    private final A betaSum;
    private double[] factors = new double[0];

    private @Nullable INDArray normalized;

    LayerNormPass(LayerNorm layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        this.resources = resources;
        outputs = new BatchBuffer(resources.dataType(), layer.weight().length(), resources.order());
        width = Math.toIntExact(layer.weight().length());
        x = math.array(width);
        y = math.array(width);
        gamma = math.array(width);
        beta = math.array(width);
        gammaSum = math.array(width);
        betaSum = math.array(width);
    }

    boolean trains() {
        for (Segment segment : resources.segments().all()) {
            EffectiveLinear effective = segment.of(layer);
            if (segment.gradients().of(effective.weight()) != null
                    || segment.gradients().of(bias(effective)) != null) {
                return true;
            }
        }
        return false;
    }

    private Parameter bias(EffectiveLinear effective) {
        Parameter bias = effective.bias();
        if (bias == null) {
            throw new IllegalStateException(layer.path() + ": a layer normalization has a bias");
        }
        return bias;
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
        Segments segments = resources.segments();
        for (int s = 0; s < segments.count(); s++) {
            EffectiveLinear effective = segments.get(s).of(layer);
            math.read(new ArrayMemory(effective.weight().value()), 0, gamma, width);
            math.read(new ArrayMemory(bias(effective).value()), 0, beta, width);
            for (int i = resources.start(s); i < resources.start(s + 1); i++) {
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
        if (!wantsInput && !trains()) {
            return null;
        }
        INDArray sumGradient = wantsInput ? resources.scratch().take(yGradient.size(0), width) : null;
        Segments segments = resources.segments();
        for (int s = 0; s < segments.count(); s++) {
            backward(segments.get(s), resources.start(s), resources.start(s + 1), yGradient, sumGradient);
        }
        return sumGradient;
    }

    /** The backward of the rows {@code [from, to)} of a segment. */
    private void backward(Segment segment, int from, int to, INDArray yGradient, @Nullable INDArray sumGradient) {
        EffectiveLinear effective = segment.of(layer);
        INDArray gammaGradient = segment.gradients().of(effective.weight());
        INDArray betaGradient = segment.gradients().of(bias(effective));
        boolean trains = gammaGradient != null || betaGradient != null;
        ArrayMemory results = sumGradient == null ? null : new ArrayMemory(sumGradient);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory rows = new ArrayMemory(Objects.requireNonNull(normalized));
        math.read(new ArrayMemory(effective.weight().value()), 0, gamma, width);
        math.clear(gammaSum, width);
        math.clear(betaSum, width);
        for (int i = from; i < to; i++) {
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
    }
}
