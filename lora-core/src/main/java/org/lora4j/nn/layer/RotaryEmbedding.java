package org.lora4j.nn.layer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RotaryTable;
import org.lora4j.internal.math.RotaryTables;
import org.lora4j.internal.math.RowMath;

/**
 * Rotary position embedding (<a href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a>). It turns the queries and the
 * keys of a head, or the first d numbers of them, by angles that grow with the position p: for {@code i < d/2},
 *
 * <pre>
 * yᵢ       = xᵢ·cos(p·fᵢ) − xᵢ₊d/₂·sin(p·fᵢ)
 * yᵢ₊d/₂   = xᵢ₊d/₂·cos(p·fᵢ) + xᵢ·sin(p·fᵢ)
 * fᵢ       = θ^(−2i/d)
 * </pre>
 *
 * <p>Some models multiply all turned numbers by a constant, see {@link #scaledByFactors}.
 *
 * <p>The pairs are those of Hugging Face's weights, i and i + d/2, not neighbours. Angles are computed in double precision.
 * Immutable. Layers that share an instance share its tables.
 */
public final class RotaryEmbedding implements RotaryTables {
    private final double[] frequencies;
    private final double amplitude;
    private final Map<RowMath<?>, RotaryTable<?>> tables = new HashMap<>();

    private RotaryEmbedding(double[] frequencies, double amplitude) {
        this.frequencies = frequencies;
        this.amplitude = amplitude;
    }

    /**
     * Creates the embedding without scaling: the rope type {@code default} of Hugging Face.
     *
     * @param dimensions d, even: the size of a head, or how many of its numbers are turned
     * @param theta θ, positive; 10,000 in the paper
     * @return the embedding
     * @throws IllegalArgumentException if the dimensions are not even and positive, or θ is not positive
     */
    public static RotaryEmbedding of(int dimensions, double theta) {
        if (dimensions < 2 || dimensions % 2 != 0) {
            throw new IllegalArgumentException(
                    "rotary embedding: the size of a head must be even and positive, found " + dimensions);
        }
        requirePositive("theta", theta);
        double[] frequencies = new double[dimensions / 2];
        Arrays.setAll(frequencies, i -> Math.pow(theta, -2.0 * i / dimensions));
        return new RotaryEmbedding(frequencies, 1);
    }

    private static void requirePositive(String what, double value) {
        if (!(value > 0) || !Double.isFinite(value)) {
            throw new IllegalArgumentException("rotary embedding: " + what + " must be positive, found " + value);
        }
    }

    /**
     * Returns the embedding for contexts that are longer by a factor: {@code fᵢ/factor}, the rope type {@code linear}
     * (<a href="https://arxiv.org/abs/2306.15595">arXiv:2306.15595</a>).
     *
     * @param factor positive
     * @return a new embedding
     * @throws IllegalArgumentException if the factor is not positive
     */
    public RotaryEmbedding scaledLinearly(double factor) {
        requirePositive("factor", factor);
        return new RotaryEmbedding(
                Arrays.stream(frequencies).map(f -> f / factor).toArray(), amplitude);
    }

    /**
     * Returns the embedding with a divisor for each frequency and a constant, {@code fᵢ/factorᵢ} and {@code m·y}: the rope type
     * {@code longrope} (<a href="https://arxiv.org/abs/2402.13753">arXiv:2402.13753</a>) of Phi.
     *
     * @param factors {@code d/2} positive numbers
     * @param constant m, positive
     * @return a new embedding
     * @throws IllegalArgumentException if a number is not positive, or there are more or fewer factors
     */
    public RotaryEmbedding scaledByFactors(double[] factors, double constant) {
        if (factors.length != frequencies.length) {
            throw new IllegalArgumentException("rotary embedding: there must be " + frequencies.length
                    + " factors, one for each pair of numbers, found " + factors.length);
        }
        requirePositive("constant", constant);
        double[] scaled = new double[factors.length];
        for (int i = 0; i < factors.length; i++) {
            requirePositive("factor", factors[i]);
            scaled[i] = frequencies[i] / factors[i];
        }
        return new RotaryEmbedding(scaled, amplitude * constant);
    }

    /**
     * Returns the embedding of Llama 3.1, the rope type {@code llama3}. With {@code turns = originalPositions·fᵢ/2π}, a
     * frequency of more than {@code highFactor} turns stays, one of less than {@code lowFactor} turns is divided by
     * {@code factor}, and one between them becomes {@code fᵢ·((1 − s)/factor + s)} with
     * {@code s = (turns − lowFactor)/(highFactor − lowFactor)}.
     *
     * @param factor positive
     * @param lowFactor positive
     * @param highFactor more than {@code lowFactor}
     * @param originalPositions the length of the context before scaling, at least 1
     * @return a new embedding
     * @throws IllegalArgumentException if an argument is out of bounds
     */
    public RotaryEmbedding scaledByParts(double factor, double lowFactor, double highFactor, int originalPositions) {
        requirePositive("factor", factor);
        requirePositive("low_freq_factor", lowFactor);
        requirePositive("original_max_position_embeddings", originalPositions);
        if (!(highFactor > lowFactor)) {
            throw new IllegalArgumentException("rotary embedding: high_freq_factor must be more than low_freq_factor "
                    + lowFactor + ", found " + highFactor);
        }
        double[] scaled = Arrays.stream(frequencies)
                .map(f -> {
                    double turns = originalPositions * f / (2 * Math.PI);
                    double kept = Math.max(0, Math.min(1, (turns - lowFactor) / (highFactor - lowFactor)));
                    return f * ((1 - kept) / factor + kept);
                })
                .toArray();
        return new RotaryEmbedding(scaled, amplitude);
    }

    /**
     * Returns how many numbers of a head are turned.
     *
     * @return d
     */
    public int dimensions() {
        return 2 * frequencies.length;
    }

    /**
     * Returns the frequencies.
     *
     * @return a copy of f, {@code d/2} numbers in radians per position
     */
    public double[] frequencies() {
        return frequencies.clone();
    }

    /**
     * Returns what the turned numbers are multiplied by.
     *
     * @return m; 1 for most models
     */
    public double amplitude() {
        return amplitude;
    }

    /**
     * Returns the cosines and sines; not part of the API.
     *
     * @param <A> {@code float[]} or {@code double[]}
     * @param math the type of the numbers
     * @return the table of this type, always the same object
     * @hidden
     */
    @Override
    @SuppressWarnings("unchecked") // The table of a type holds numbers of this type.
    public synchronized <A> RotaryTable<A> table(RowMath<A> math) {
        return (RotaryTable<A>) tables.computeIfAbsent(math, key -> new RotaryTable<>(frequencies, amplitude, key));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RotaryEmbedding that
                && Arrays.equals(frequencies, that.frequencies)
                && amplitude == that.amplitude;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(frequencies) + Double.hashCode(amplitude);
    }

    @Override
    public String toString() {
        return "RotaryEmbedding" + Arrays.toString(frequencies) + (amplitude == 1 ? "" : " · " + amplitude);
    }
}
