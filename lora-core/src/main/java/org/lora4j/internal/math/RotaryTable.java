package org.lora4j.internal.math;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The cosines and sines of a {@link org.lora4j.nn.layer.RotaryEmbedding}, computed once for each position that was met. Thread-safe.
 *
 * @param <A> {@code float[]} or {@code double[]}
 */
public final class RotaryTable<A> {
    private final double[] frequencies;
    private final double amplitude;
    private final RowMath<A> math;
    private final Map<Integer, Turn<A>> turns = new ConcurrentHashMap<>();

    /**
     * The turn of one position, {@code d/2} numbers each.
     *
     * @param <A> {@code float[]} or {@code double[]}
     * @param cosines {@code m·cos(p·f)}
     * @param sines {@code m·sin(p·f)}
     * @param sinesBack {@code −m·sin(p·f)}, for the turn back
     */
    public record Turn<A>(A cosines, A sines, A sinesBack) {}

    /**
     * Creates an empty table.
     *
     * @param frequencies f, in radians per position
     * @param amplitude m, what all turned numbers are multiplied by
     * @param math the type of the numbers
     */
    public RotaryTable(double[] frequencies, double amplitude, RowMath<A> math) {
        this.frequencies = frequencies.clone();
        this.amplitude = amplitude;
        this.math = math;
    }

    /**
     * Returns the turn of a position.
     *
     * @param position p
     * @return its cosines and sines; do not write to them
     */
    public Turn<A> at(int position) {
        // Most positions are known, and a lookup alone creates no object.
        Turn<A> known = turns.get(position);
        return known == null ? turns.computeIfAbsent(position, this::compute) : known;
    }

    private Turn<A> compute(int position) {
        double[] angles = Arrays.stream(frequencies).map(f -> position * f).toArray();
        return new Turn<>(
                math.of(Arrays.stream(angles)
                        .map(angle -> amplitude * Math.cos(angle))
                        .toArray()),
                math.of(Arrays.stream(angles)
                        .map(angle -> amplitude * Math.sin(angle))
                        .toArray()),
                math.of(Arrays.stream(angles)
                        .map(angle -> -amplitude * Math.sin(angle))
                        .toArray()));
    }
}
