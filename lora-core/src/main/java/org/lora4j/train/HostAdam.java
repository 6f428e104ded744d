package org.lora4j.train;

import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Adam (<a href="https://arxiv.org/abs/1412.6980">arXiv:1412.6980</a>, Algorithm 1, as PyTorch has it) in loops that the
 * JVM vectorises: {@code m ← β₁m + (1−β₁)g}, {@code v ← β₂v + (1−β₂)g²}, {@code p ← p − lr·m̂/(√v̂ + ε)} with
 * {@code m̂ = m/(1−β₁ᵗ)} and {@code v̂ = v/(1−β₂ᵗ)}. ND4J's own op does not vectorise in the builds that run on every
 * processor, takes twice as long, and needs a second walk over the parameters for the subtraction.
 */
final class HostAdam implements ParameterUpdater {
    /** So that a buffer of bytes can address the state. */
    static final long MAX_LENGTH = Integer.MAX_VALUE / (2 * Float.BYTES);

    /** The block that is copied to the heap at a time: it stays in the first-level cache. */
    private static final int BLOCK = 2048;

    private final Adam settings;
    private final FloatBuffer value;
    private final FloatBuffer gradient;
    private final float[] m;
    private final float[] v;
    private final float[] p = new float[BLOCK];
    private final float[] g = new float[BLOCK];

    HostAdam(Adam settings, INDArray value, INDArray gradient) {
        this.settings = settings;
        this.value = value.data().asNioFloat();
        this.gradient = gradient.data().asNioFloat();
        m = new float[Math.toIntExact(value.length())];
        v = new float[m.length];
    }

    @Override
    public void step(int iteration, int epoch) {
        double beta1 = settings.getBeta1();
        double beta2 = settings.getBeta2();
        double t = iteration + 1.0;
        double rate = settings.getLearningRate(iteration, epoch)
                * Math.sqrt(1 - Math.pow(beta2, t))
                / (1 - Math.pow(beta1, t));
        double epsilon = epsilonBesideUncorrected(settings.getEpsilon(), beta2, iteration);
        for (int from = 0; from < m.length; from += BLOCK) {
            int length = Math.min(BLOCK, m.length - from);
            value.get(from, p, 0, length);
            gradient.get(from, g, 0, length);
            update(from, length, beta1, beta2, (float) rate, (float) epsilon);
            value.put(from, p, 0, length);
        }
    }

    /**
     * The number that has to stand beside √v for ε to stand beside √v̂. ND4J adds ε to √v, which in the first steps makes
     * it up to 30 times as large as PyTorch's.
     */
    static double epsilonBesideUncorrected(double epsilon, double beta2, int iteration) {
        return epsilon * Math.sqrt(1 - Math.pow(beta2, iteration + 1.0));
    }

    /** {@inheritDoc} That is m, then v. */
    @Override
    public INDArray state() {
        INDArray state = Nd4j.createUninitializedDetached(DataType.FLOAT, 2L * m.length);
        state.data().asNioFloat().put(m).put(v);
        return state;
    }

    @Override
    public void restore(INDArray state) {
        state.dup('c').data().asNioFloat().get(m).get(v);
    }

    private void update(int from, int length, double decay1, double decay2, float rate, float epsilon) {
        float beta1 = (float) decay1;
        float beta2 = (float) decay2;
        // Subtracted in double: in float 1 − 0.999 is off by 5e-5 of itself.
        float rest1 = (float) (1 - decay1);
        float rest2 = (float) (1 - decay2);
        for (int i = 0; i < length; i++) {
            float mi = beta1 * m[from + i] + rest1 * g[i];
            float vi = beta2 * v[from + i] + rest2 * g[i] * g[i];
            m[from + i] = mi;
            v[from + i] = vi;
            p[i] -= rate * mi / ((float) Math.sqrt(vi) + epsilon);
        }
    }
}
