package org.lora4j.internal.math;

import java.util.Arrays;
import org.lora4j.internal.memory.ArrayMemory;

/** Loops over rows of doubles, precise to the last digits. They serve checks of gradients. */
enum DoubleRowMath implements RowMath<double[]> {
    INSTANCE;

    /** The product of the smallest positive number and both constants is 1. No result overflows before it is cut off at 1. */
    private static final double NORMAL_TO_ONE = 0x1p1023;

    private static final double SUBNORMAL_TO_ONE = 0x1p51;

    /** Beyond this, Φ is 0 or 1 to the last digit of what it is used for. */
    private static final double LARGEST = 9;

    /** The factor of x³ in {@link #geluTanh}. */
    private static final double CUBIC = 0.044715;

    @Override
    public double[] array(int length) {
        return new double[length];
    }

    @Override
    public double[] of(double[] values) {
        return values.clone();
    }

    @Override
    public int length(double[] array) {
        return array.length;
    }

    @Override
    public void read(ArrayMemory memory, int position, double[] target, int n) {
        memory.get(position, target, 0, n);
    }

    @Override
    public void write(ArrayMemory memory, int position, double[] source, int n) {
        memory.put(position, source, 0, n);
    }

    @Override
    public void copy(double[] source, int from, double[] target, int to, int n) {
        System.arraycopy(source, from, target, to, n);
    }

    @Override
    public void spread(double[] source, int from, double[] target, int to, int step, int n) {
        for (int i = 0; i < n; i++) {
            target[to + i * step] = source[from + i];
        }
    }

    @Override
    public void clear(double[] x, int n) {
        Arrays.fill(x, 0, n, 0);
    }

    @Override
    public void add(double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += x[i];
        }
    }

    @Override
    public void addScaled(double s, double[] x, double[] y, int n) {
        double factor = s;
        for (int i = 0; i < n; i++) {
            y[i] += factor * x[i];
        }
    }

    @Override
    public void addFourScaled(
            double[] s, int from, double[] x0, double[] x1, double[] x2, double[] x3, double[] y, int n) {
        double s0 = s[from];
        double s1 = s[from + 1];
        double s2 = s[from + 2];
        double s3 = s[from + 3];
        for (int i = 0; i < n; i++) {
            y[i] += (s0 * x0[i] + s1 * x1[i]) + (s2 * x2[i] + s3 * x3[i]);
        }
    }

    @Override
    public void maximum(double[] x, int number, double[] max, int[] at, int from, int n) {
        for (int i = 0; i < n; i++) {
            if (x[i] > max[i]) {
                max[i] = x[i];
                at[from + i] = number;
            }
        }
    }

    @Override
    public void addWhere(int[] at, int from, int number, double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            if (at[from + i] == number) {
                y[i] += x[i];
            }
        }
    }

    @Override
    public double get(double[] x, int i) {
        return x[i];
    }

    @Override
    public void multiply(double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] *= x[i];
        }
    }

    @Override
    public void relu(double[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(x[i], 0);
        }
    }

    /** Multiplies by 1 or 0. The JVM does not vectorize a condition, and a processor predicts it wrong half of the time. */
    @Override
    public void keepWherePositive(double[] y, double[] g, int n) {
        for (int i = 0; i < n; i++) {
            g[i] *= Math.min(Math.min(y[i] * NORMAL_TO_ONE, 1) * SUBNORMAL_TO_ONE, 1);
        }
    }

    @Override
    public void scale(double s, double[] x, int n) {
        double factor = s;
        for (int i = 0; i < n; i++) {
            x[i] *= factor;
        }
    }

    @Override
    public void addProduct(double[] x, double[] y, double[] z, int n) {
        for (int i = 0; i < n; i++) {
            z[i] += x[i] * y[i];
        }
    }

    @Override
    public double dot(double[] x, double[] y, int n) {
        // Independent sums, which the processor computes at the same time.
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
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

    private static double sum(double[] x, int n) {
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
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

    private static double max(double[] x, int n) {
        double max0 = x[0];
        double max1 = x[0];
        int i = 0;
        for (; i + 1 < n; i += 2) {
            max0 = Math.max(max0, x[i]);
            max1 = Math.max(max1, x[i + 1]);
        }
        return Math.max(Math.max(max0, max1), x[n - 1]);
    }

    @Override
    public void affine(double[] x, double[] gamma, double[] beta, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * gamma[i] + beta[i];
        }
    }

    @Override
    public double normalize(double[] x, double epsilon, int n) {
        double mean = sum(x, n) / n;
        for (int i = 0; i < n; i++) {
            x[i] -= mean;
        }
        double factor = 1 / Math.sqrt(dot(x, x, n) / n + epsilon);
        scale(factor, x, n);
        return factor;
    }

    @Override
    public void normalizeGradient(double[] g, double[] x, double factor, int n) {
        double mean = sum(g, n) / n;
        double along = (dot(g, x, n) / n);
        double f = factor;
        for (int i = 0; i < n; i++) {
            g[i] = f * (g[i] - mean - x[i] * along);
        }
    }

    @Override
    public double normalizeScale(double[] x, double epsilon, int n) {
        double factor = 1 / Math.sqrt(dot(x, x, n) / n + epsilon);
        scale(factor, x, n);
        return factor;
    }

    @Override
    public void normalizeScaleGradient(double[] g, double[] x, double factor, int n) {
        double along = (dot(g, x, n) / n);
        double f = factor;
        for (int i = 0; i < n; i++) {
            g[i] = f * (g[i] - x[i] * along);
        }
    }

    @Override
    public void softmaxGradient(double[] p, double[] g, int n) {
        double along = dot(p, g, n);
        for (int i = 0; i < n; i++) {
            g[i] = p[i] * (g[i] - along);
        }
    }

    @Override
    public void dropout(double[] x, double probability, long seed, int n) {
        long threshold = RowMath.threshold(probability);
        double kept = (1 / (1 - probability));
        for (int i = 0; i < n; i++) {
            x[i] = RowMath.isDropped(seed, i, threshold) ? 0 : x[i] * kept;
        }
    }

    @Override
    public void gelu(double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * cdf(x[i]);
        }
    }

    @Override
    public void geluWithDerivative(double[] x, double[] y, double[] derivative, int n) {
        for (int i = 0; i < n; i++) {
            double v = x[i];
            double cdf = cdf(v);
            y[i] = v * cdf;
            derivative[i] = cdf + v * density(v);
        }
    }

    @Override
    public void geluTanh(double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * sigmoid(twiceInner(x[i]));
        }
    }

    @Override
    public void geluTanhWithDerivative(double[] x, double[] y, double[] derivative, int n) {
        // x/2·(1 + tanh(u)) = x·σ(2u), so the derivative is σ + x·σ·(1 − σ)·2u′.
        for (int i = 0; i < n; i++) {
            double v = x[i];
            double s = sigmoid(twiceInner(v));
            y[i] = v * s;
            derivative[i] = s + v * s * (1 - s) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * CUBIC * v * v);
        }
    }

    /** {@code 2·√(2/π)·(x + 0.044715·x³)}. */
    private static double twiceInner(double x) {
        return 2 * Math.sqrt(2 / Math.PI) * (x + CUBIC * x * x * x);
    }

    @Override
    public void addGathered(double[] x, int[] places, double[] y, int n) {
        for (int k = 0; k < n; k++) {
            y[k] += x[places[k]];
        }
    }

    @Override
    public void addScattered(double[] x, int[] places, double[] y, int n) {
        for (int k = 0; k < n; k++) {
            y[places[k]] += x[k];
        }
    }

    @Override
    public void shift(double s, double[] x, int n) {
        double value = s;
        for (int i = 0; i < n; i++) {
            x[i] += value;
        }
    }

    @Override
    public void softcap(double[] x, double[] y, double c, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = c * Math.tanh(x[i] / c);
        }
    }

    @Override
    public void softcapWithDerivative(double[] x, double[] y, double[] derivative, double c, int n) {
        softcap(x, y, c, n);
        for (int i = 0; i < n; i++) {
            double tanh = y[i] / c;
            derivative[i] = (1 - tanh) * (1 + tanh);
        }
    }

    @Override
    public void swiglu(double[] g, double[] u, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = g[i] * sigmoid(g[i]) * u[i];
        }
    }

    @Override
    public void swigluGradient(double[] g, double[] u, double[] y, double[] room, int n) {
        for (int i = 0; i < n; i++) {
            room[i] = sigmoid(g[i]);
        }
        for (int i = 0; i < n; i++) {
            double silu = g[i] * room[i];
            double slope = room[i] + silu * (1 - room[i]);
            g[i] = y[i] * u[i] * slope;
            u[i] = y[i] * silu;
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + exp(-x));
    }

    @Override
    public void rotate(double[] x, double[] cos, double[] sin, double[] y, int half) {
        for (int i = 0; i < half; i++) {
            y[i] = x[i] * cos[i] - x[i + half] * sin[i];
        }
        for (int i = 0; i < half; i++) {
            y[i + half] = x[i + half] * cos[i] + x[i] * sin[i];
        }
    }

    @Override
    public double softmax(double[] x, int n) {
        double max = max(x, n);
        for (int i = 0; i < n; i++) {
            x[i] = exp(x[i] - max);
        }
        double sum = sum(x, n);
        scale(1 / sum, x, n);
        return max + Math.log(sum);
    }

    private static double exp(double x) {
        return Math.exp(x);
    }

    private static double density(double x) {
        return exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }

    /** {@code Φ(x) = 1/2 + φ(x)·(x + x³/3 + x⁵/15 + …)}, a series whose terms all have the sign of x. */
    private static double cdf(double x) {
        if (Math.abs(x) > LARGEST) {
            return x > 0 ? 1 : 0;
        }
        double term = x;
        double sum = x;
        for (int k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
            term *= x * x / k;
            sum += term;
        }
        return 0.5 + density(x) * sum;
    }
}
