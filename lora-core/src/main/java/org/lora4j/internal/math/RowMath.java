package org.lora4j.internal.math;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Loops over one row of numbers on the Java heap, in the type of a network. Each loop starts at the first element of its
 * arrays, because the JVM vectorizes such loops best.
 *
 * @param <A> {@code float[]} or {@code double[]}
 */
public sealed interface RowMath<A> permits FloatRowMath, DoubleRowMath {
    /**
     * Returns the loops of a type.
     *
     * @param type FLOAT or DOUBLE
     * @return the loops
     */
    static RowMath<?> of(DataType type) {
        return type == DataType.FLOAT ? FloatRowMath.INSTANCE : DoubleRowMath.INSTANCE;
    }

    /** Returns an array of zeros. */
    A array(int length);

    /** Returns an array of numbers, rounded to the type. */
    A of(double[] values);

    /** Returns the length of an array. */
    int length(A array);

    /** Copies {@code n} elements from native memory, from a position on. */
    void read(ArrayMemory memory, int position, A target, int n);

    /** Copies {@code n} elements to native memory, from a position on. */
    void write(ArrayMemory memory, int position, A source, int n);

    /** Copies {@code n} elements between arrays. */
    void copy(A source, int from, A target, int to, int n);

    /** {@code target[to + i·step] = source[from + i]} for the first n. */
    void spread(A source, int from, A target, int to, int step, int n);

    /** {@code x = 0}. */
    void clear(A x, int n);

    /** {@code y += x}. */
    void add(A x, A y, int n);

    /** {@code y += s·x}. */
    void addScaled(double s, A x, A y, int n);

    /** {@code y += Σ s[from + k]·xₖ} for k from 0 to 3. It reads and writes y once, and so takes half the time of four sums. */
    void addFourScaled(A s, int from, A x0, A x1, A x2, A x3, A y, int n);

    /** {@code max = max(max, x)}, element by element, and {@code at[from + i] = number} where that is x. */
    void maximum(A x, int number, A max, int[] at, int from, int n);

    /** {@code y += x} for the elements with {@code at[from + i] = number}. */
    void addWhere(int[] at, int from, int number, A x, A y, int n);

    /** Returns an element. */
    double get(A x, int i);

    /** {@code y *= x}. */
    void multiply(A x, A y, int n);

    /** {@code x = max(x, 0)}; NaN stays NaN. */
    void relu(A x, int n);

    /** {@code g = 0} where y is not positive, the gradient of {@link #relu} with the result y. */
    void keepWherePositive(A y, A g, int n);

    /** {@code x *= s}. */
    void scale(double s, A x, int n);

    /** {@code yₖ = yₖ + x[places[k]]}. */
    void addGathered(A x, int[] places, A y, int n);

    /** {@code y[places[k]] = y[places[k]] + xₖ}. */
    void addScattered(A x, int[] places, A y, int n);

    /** {@code x = x + s}. */
    void shift(double s, A x, int n);

    /** {@code z += x·y}, element by element. */
    void addProduct(A x, A y, A z, int n);

    /** Returns {@code Σ xᵢ·yᵢ}. */
    double dot(A x, A y, int n);

    /** {@code y = γ·x + β}, element by element. */
    void affine(A x, A gamma, A beta, A y, int n);

    /**
     * {@code x = (x − mean)/√(var + ε)}.
     *
     * @return {@code 1/√(var + ε)}
     */
    double normalize(A x, double epsilon, int n);

    /**
     * The gradient of {@link #normalize}: {@code g = f·(g − mean(g) − x·mean(g·x))}.
     *
     * @param g the gradient of the normalized row; gets that of the row before
     * @param x the normalized row
     * @param factor what {@link #normalize} returned
     */
    void normalizeGradient(A g, A x, double factor, int n);

    /**
     * {@code x = x/√(mean(x²) + ε)}, the normalization of RMSNorm.
     *
     * @return {@code 1/√(mean(x²) + ε)}
     */
    double normalizeScale(A x, double epsilon, int n);

    /**
     * The gradient of {@link #normalizeScale}: {@code g = f·(g − x·mean(g·x))}.
     *
     * @param g the gradient of the normalized row; gets that of the row before
     * @param x the normalized row
     * @param factor what {@link #normalizeScale} returned
     */
    void normalizeScaleGradient(A g, A x, double factor, int n);

    /** {@code y = x·Φ(x)}. */
    void gelu(A x, A y, int n);

    /** {@code y = x·Φ(x)} and its derivative {@code Φ(x) + x·φ(x)}, in three different arrays. */
    void geluWithDerivative(A x, A y, A derivative, int n);

    /** {@code y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))}. */
    void geluTanh(A x, A y, int n);

    /** {@link #geluTanh} and its derivative, in three different arrays. */
    void geluTanhWithDerivative(A x, A y, A derivative, int n);

    /** {@code y = c·tanh(x/c)}; y can be x. */
    void softcap(A x, A y, double c, int n);

    /** {@link #softcap} and its derivative {@code 1 − tanh²(x/c)}; y can be x. */
    void softcapWithDerivative(A x, A y, A derivative, double c, int n);

    /** {@code y = g·σ(g)·u}, in three different arrays. */
    void swiglu(A g, A u, A y, int n);

    /**
     * The gradients of {@link #swiglu}.
     *
     * @param g gets its gradient {@code y·u·(σ(g) + g·σ(g)·(1 − σ(g)))}
     * @param u gets its gradient {@code y·g·σ(g)}
     * @param y the gradient of the result
     * @param room an array that is overwritten
     */
    void swigluGradient(A g, A u, A y, A room, int n);

    /**
     * Turns the pairs {@code (xᵢ, xᵢ₊half)}: {@code yᵢ = xᵢ·cosᵢ − xᵢ₊half·sinᵢ} and
     * {@code yᵢ₊half = xᵢ₊half·cosᵢ + xᵢ·sinᵢ}.
     */
    void rotate(A x, A cos, A sin, A y, int half);

    /**
     * {@code x = exp(x − max)/Σ exp(x − max)}.
     *
     * @return {@code logΣ exp(x)}
     */
    double softmax(A x, int n);

    /** The gradient of {@link #softmax}: {@code g = p·(g − Σ p·g)}. */
    void softmaxGradient(A p, A g, int n);

    /**
     * Sets a random part of the elements to 0 and divides the others by {@code 1 − p}. The same seed drops the same elements.
     */
    void dropout(A x, double probability, long seed, int n);

    /** Returns the random bits of the i-th element, of which the upper 53 make a number in [0, 1). */
    static long bits(long seed, int i) {
        // The output function of SplittableRandom on its i-th state.
        long z = seed + (i + 1) * 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** Returns whether dropout sets the i-th element of a row to 0. */
    static boolean isDropped(long seed, int i, long threshold) {
        return bits(seed, i) >>> 11 < threshold;
    }

    /** Returns the bits below which an element is dropped, compared without sign. */
    static long threshold(double probability) {
        return (long) (probability * 0x1p53);
    }
}
