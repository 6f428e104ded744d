package org.lora4j.internal.math;

import java.util.Arrays;
import org.lora4j.internal.memory.ArrayMemory;

/** Loops over rows of floats, with polynomials that the JVM vectorizes. */
enum FloatRowMath implements RowMath<float[]> {
    INSTANCE;

    /** The product of the smallest positive number and both constants is 1. No result overflows before it is cut off at 1. */
    private static final float NORMAL_TO_ONE = 0x1p127f;

    private static final float SUBNORMAL_TO_ONE = 0x1p22f;

    private static final float SQRT_HALF = 7.0710677e-1f;

    /** {@code 1/√(2π)}. */
    private static final float DENSITY = 3.989423e-1f;

    /** {@code 2·√(2/π)}. */
    private static final float TWICE_ROOT = (float) (2 * Math.sqrt(2 / Math.PI));

    /** The factor of x³ in {@link #geluTanh}. */
    private static final float CUBIC = 0.044715f;

    @Override
    public float[] array(int length) {
        return new float[length];
    }

    @Override
    public float[] of(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) values[i];
        }
        return rounded;
    }

    @Override
    public int length(float[] array) {
        return array.length;
    }

    @Override
    public void read(ArrayMemory memory, int position, float[] target, int n) {
        memory.get(position, target, 0, n);
    }

    @Override
    public void write(ArrayMemory memory, int position, float[] source, int n) {
        memory.put(position, source, 0, n);
    }

    @Override
    public void copy(float[] source, int from, float[] target, int to, int n) {
        System.arraycopy(source, from, target, to, n);
    }

    @Override
    public void spread(float[] source, int from, float[] target, int to, int step, int n) {
        for (int i = 0; i < n; i++) {
            target[to + i * step] = source[from + i];
        }
    }

    @Override
    public void clear(float[] x, int n) {
        Arrays.fill(x, 0, n, 0);
    }

    @Override
    public void add(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += x[i];
        }
    }

    @Override
    public void addScaled(double s, float[] x, float[] y, int n) {
        float factor = (float) s;
        for (int i = 0; i < n; i++) {
            y[i] += factor * x[i];
        }
    }

    @Override
    public void addFourScaled(float[] s, int from, float[] x0, float[] x1, float[] x2, float[] x3, float[] y, int n) {
        float s0 = s[from];
        float s1 = s[from + 1];
        float s2 = s[from + 2];
        float s3 = s[from + 3];
        for (int i = 0; i < n; i++) {
            y[i] += (s0 * x0[i] + s1 * x1[i]) + (s2 * x2[i] + s3 * x3[i]);
        }
    }

    @Override
    public void maximum(float[] x, int number, float[] max, int[] at, int from, int n) {
        for (int i = 0; i < n; i++) {
            if (x[i] > max[i]) {
                max[i] = x[i];
                at[from + i] = number;
            }
        }
    }

    @Override
    public void addWhere(int[] at, int from, int number, float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            if (at[from + i] == number) {
                y[i] += x[i];
            }
        }
    }

    @Override
    public double get(float[] x, int i) {
        return x[i];
    }

    @Override
    public void multiply(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] *= x[i];
        }
    }

    @Override
    public void relu(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(x[i], 0);
        }
    }

    /** Multiplies by 1 or 0. The JVM does not vectorize a condition, and a processor predicts it wrong half of the time. */
    @Override
    public void keepWherePositive(float[] y, float[] g, int n) {
        for (int i = 0; i < n; i++) {
            g[i] *= Math.min(Math.min(y[i] * NORMAL_TO_ONE, 1) * SUBNORMAL_TO_ONE, 1);
        }
    }

    @Override
    public void scale(double s, float[] x, int n) {
        float factor = (float) s;
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void addProduct(float[] x, float[] y, float[] z, int n) {
        for (int i = 0; i < n; i++) {
            z[i] += x[i] * y[i];
        }
    }

    @Override
    public double dot(float[] x, float[] y, int n) {
        // Independent sums, which the processor computes at the same time.
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            sum0 += x[i] * y[i];
            sum1 += x[i + 1] * y[i + 1];
            sum2 += x[i + 2] * y[i + 2];
            sum3 += x[i + 3] * y[i + 3];
        }
        for (; i < n; i++) {
            sum0 += x[i] * y[i];
        }
        return (sum0 + sum1) + (sum2 + sum3);
    }

    private static float sum(float[] x, int n) {
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            sum0 += x[i];
            sum1 += x[i + 1];
            sum2 += x[i + 2];
            sum3 += x[i + 3];
        }
        for (; i < n; i++) {
            sum0 += x[i];
        }
        return (sum0 + sum1) + (sum2 + sum3);
    }

    /** Comparisons take half the time of {@code Math.max}. They pass over NaN, which {@link #exp} then returns. */
    private static float max(float[] x, int n) {
        float max0 = x[0];
        float max1 = max0;
        float max2 = max0;
        float max3 = max0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            max0 = x[i] > max0 ? x[i] : max0;
            max1 = x[i + 1] > max1 ? x[i + 1] : max1;
            max2 = x[i + 2] > max2 ? x[i + 2] : max2;
            max3 = x[i + 3] > max3 ? x[i + 3] : max3;
        }
        for (; i < n; i++) {
            max0 = x[i] > max0 ? x[i] : max0;
        }
        return Math.max(Math.max(max0, max1), Math.max(max2, max3));
    }

    @Override
    public void affine(float[] x, float[] gamma, float[] beta, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * gamma[i] + beta[i];
        }
    }

    @Override
    public double normalize(float[] x, double epsilon, int n) {
        float mean = sum(x, n) / n;
        for (int i = 0; i < n; i++) {
            x[i] -= mean;
        }
        double factor = 1 / Math.sqrt(dot(x, x, n) / n + epsilon);
        scale(factor, x, n);
        return factor;
    }

    @Override
    public void normalizeGradient(float[] g, float[] x, double factor, int n) {
        float mean = sum(g, n) / n;
        float along = (float) (dot(g, x, n) / n);
        float f = (float) factor;
        for (int i = 0; i < n; i++) {
            g[i] = f * (g[i] - mean - x[i] * along);
        }
    }

    @Override
    public double normalizeScale(float[] x, double epsilon, int n) {
        double factor = 1 / Math.sqrt(dot(x, x, n) / n + epsilon);
        scale(factor, x, n);
        return factor;
    }

    @Override
    public void normalizeScaleGradient(float[] g, float[] x, double factor, int n) {
        float along = (float) (dot(g, x, n) / n);
        float f = (float) factor;
        for (int i = 0; i < n; i++) {
            g[i] = f * (g[i] - x[i] * along);
        }
    }

    @Override
    public void softmaxGradient(float[] p, float[] g, int n) {
        float along = (float) dot(p, g, n);
        for (int i = 0; i < n; i++) {
            g[i] = p[i] * (g[i] - along);
        }
    }

    @Override
    public void dropout(float[] x, double probability, long seed, int n) {
        long threshold = RowMath.threshold(probability);
        float kept = (float) (1 / (1 - probability));
        for (int i = 0; i < n; i++) {
            x[i] = RowMath.isDropped(seed, i, threshold) ? 0 : x[i] * kept;
        }
    }

    @Override
    public void gelu(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * (0.5f + 0.5f * erf(x[i] * SQRT_HALF));
        }
    }

    @Override
    public void geluWithDerivative(float[] x, float[] y, float[] derivative, int n) {
        // Several loops, because the JVM vectorizes none that computes both functions.
        for (int i = 0; i < n; i++) {
            y[i] = 0.5f + 0.5f * erf(x[i] * SQRT_HALF);
        }
        for (int i = 0; i < n; i++) {
            derivative[i] = x[i] * DENSITY * exp(-0.5f * x[i] * x[i]);
        }
        add(y, derivative, n);
        multiply(x, y, n);
    }

    @Override
    public void geluTanh(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            float v = x[i];
            y[i] = v * sigmoid(v * (TWICE_ROOT + TWICE_ROOT * CUBIC * v * v));
        }
    }

    @Override
    public void geluTanhWithDerivative(float[] x, float[] y, float[] derivative, int n) {
        // x/2·(1 + tanh(u)) = x·σ(2u), so the derivative is σ + x·σ·(1 − σ)·2u′.
        for (int i = 0; i < n; i++) {
            float v = x[i];
            y[i] = sigmoid(v * (TWICE_ROOT + TWICE_ROOT * CUBIC * v * v));
        }
        for (int i = 0; i < n; i++) {
            float v = x[i];
            derivative[i] = y[i] + v * y[i] * (1 - y[i]) * (TWICE_ROOT + 3 * TWICE_ROOT * CUBIC * v * v);
        }
        multiply(x, y, n);
    }

    @Override
    public void addGathered(float[] x, int[] places, float[] y, int n) {
        for (int k = 0; k < n; k++) {
            y[k] += x[places[k]];
        }
    }

    @Override
    public void addScattered(float[] x, int[] places, float[] y, int n) {
        for (int k = 0; k < n; k++) {
            y[places[k]] += x[k];
        }
    }

    @Override
    public void shift(double s, float[] x, int n) {
        float value = (float) s;
        for (int i = 0; i < n; i++) {
            x[i] += value;
        }
    }

    @Override
    public void softcap(float[] x, float[] y, double c, int n) {
        float cap = (float) c;
        float inverse = (float) (1 / c);
        for (int i = 0; i < n; i++) {
            y[i] = cap * tanh(inverse * x[i]);
        }
    }

    @Override
    public void softcapWithDerivative(float[] x, float[] y, float[] derivative, double c, int n) {
        softcap(x, y, c, n);
        float inverse = (float) (1 / c);
        for (int i = 0; i < n; i++) {
            float tanh = y[i] * inverse;
            derivative[i] = (1 - tanh) * (1 + tanh);
        }
    }

    @Override
    public void swiglu(float[] g, float[] u, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = g[i] * sigmoid(g[i]) * u[i];
        }
    }

    @Override
    public void swigluGradient(float[] g, float[] u, float[] y, float[] room, int n) {
        for (int i = 0; i < n; i++) {
            room[i] = sigmoid(g[i]);
        }
        for (int i = 0; i < n; i++) {
            float silu = g[i] * room[i];
            float slope = room[i] + silu * (1 - room[i]);
            g[i] = y[i] * u[i] * slope;
            u[i] = y[i] * silu;
        }
    }

    @Override
    public void rotate(float[] x, float[] cos, float[] sin, float[] y, int half) {
        for (int i = 0; i < half; i++) {
            y[i] = x[i] * cos[i] - x[i + half] * sin[i];
        }
        for (int i = 0; i < half; i++) {
            y[i + half] = x[i + half] * cos[i] + x[i] * sin[i];
        }
    }

    @Override
    public double softmax(float[] x, int n) {
        float max = max(x, n);
        for (int i = 0; i < n; i++) {
            x[i] = exp(x[i] - max);
        }
        float sum = sum(x, n);
        scale(1 / sum, x, n);
        return max + Math.log(sum);
    }

    /** The error function as a quotient of two polynomials, to 4e-7. */
    private static float erf(float value) {
        float x = Math.max(-4f, Math.min(4f, value));
        float z = x * x;
        float p = -2.7261424e-10f;
        p = p * z + 2.7706815e-8f;
        p = p * z - 2.101024e-6f;
        p = p * z - 5.6925062e-5f;
        p = p * z - 7.3499064e-4f;
        p = p * z - 2.9546e-3f;
        p = p * z - 1.6096033e-2f;
        float q = -1.45660715e-5f;
        q = q * z - 2.1337405e-4f;
        q = q * z - 1.682827e-3f;
        q = q * z - 7.3733293e-3f;
        q = q * z - 1.4264739e-2f;
        return x * p / q;
    }

    /** {@code exp(x)} for x ≤ 0, as {@code exp(x/64)⁶⁴}: to 5e-6 of the result above −20, to 1e-12 below. */
    private static float exp(float value) {
        float x = Math.max(-60f, value) * (1f / 64);
        float e = 1f / 120;
        e = e * x + 1f / 24;
        e = e * x + 1f / 6;
        e = e * x + 0.5f;
        e = e * x + 1f;
        e = e * x + 1f;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        return e;
    }

    /** {@code σ(x) = 1/(1 + exp(−x))}, to 2e-7. */
    private static float sigmoid(float value) {
        float e = expMinusOne(value);
        return (1 + e) / (2 + e);
    }

    /** {@code tanh(x)}, to 4e-7 of the result. */
    private static float tanh(float value) {
        float e = expMinusOne(2 * value);
        return e / (2 + e);
    }

    /**
     * {@code exp(x) − 1} for x from −30 to 30; x is moved to the nearer end otherwise. It comes from exp(x/64) − 1, because the
     * error of exp(x/64) itself would grow 64 times near 0.
     */
    private static float expMinusOne(float value) {
        float x = Math.max(-30f, Math.min(30f, value)) * (1f / 64);
        float e = 1f / 720;
        e = e * x + 1f / 120;
        e = e * x + 1f / 24;
        e = e * x + 1f / 6;
        e = e * x + 0.5f;
        e = e * x + 1f;
        e *= x;
        e *= e + 2;
        e *= e + 2;
        e *= e + 2;
        e *= e + 2;
        e *= e + 2;
        e *= e + 2;
        return e;
    }
}
