package org.lora4j.nn.attention.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RotaryTable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;

/**
 * Moves heads between the rows of all heads and a matrix of their own. On the way it normalizes and turns them, if the model
 * does; so each number is read and written once.
 */
final class HeadRows<A> {
    private final @Nullable RMSNorm norm;
    private final @Nullable RotaryTable<A> table;
    private final RowMath<A> math;
    private final int size;

    /** How many numbers of a head are turned. */
    private final int turned;

    private final A x;
    private final A y;
    private final A gamma;
    private final A gammaSum;
    private final List<RotaryTable.Turn<A>> turns = new ArrayList<>();

    // What the normalization computes with now.
    private @Nullable EffectiveLinear effective;
    private @Nullable Gradient gammaGradient;

    HeadRows(int size, @Nullable RMSNorm norm, @Nullable RotaryEmbedding rotary, RowMath<A> math) {
        this.size = size;
        this.norm = norm;
        this.math = math;
        table = rotary == null ? null : rotary.table(math);
        turned = rotary == null ? 0 : rotary.dimensions();
        x = math.array(size);
        y = math.array(size);
        gamma = math.array(size);
        gammaSum = math.array(size);
    }

    /** Whether a segment trains the normalization. */
    boolean trains(Segments segments) {
        return norm != null && segments.all().stream().anyMatch(segment -> segment.trains(norm));
    }

    /** Switches to a segment. */
    void bind(Segment segment) {
        if (norm != null) {
            effective = segment.of(norm);
        }
    }

    /** Prepares for the rows of a sequence, from one of its rows on. */
    void begin(Sequences sequences, int first, int n) {
        if (table != null) {
            turns.clear();
            for (int i = 0; i < n; i++) {
                turns.add(table.at(sequences.position(first + i)));
            }
        }
        if (effective != null) {
            math.read(new ArrayMemory(effective.weight().value()), 0, gamma, size);
            if (Objects.requireNonNull(norm).isZeroCentered()) {
                math.shift(1, gamma, size);
            }
        }
    }

    /** Moves the head of the i-th row since {@link #begin} to a place in a matrix. */
    void load(HeadColumns columns, int first, int i, int head, ArrayMemory target, int place) {
        if (table == null && effective == null) {
            columns.memory().copy(columns.position(first + i, head), target, place, size);
        } else {
            math.write(target, place, of(columns, first, i, head), size);
        }
    }

    /** Returns the head of the i-th row since {@link #begin}. It stays valid until the next call. */
    A of(HeadColumns columns, int first, int i, int head) {
        math.read(columns.memory(), columns.position(first + i, head), x, size);
        if (effective != null) {
            math.normalizeScale(x, epsilon(), size);
            math.multiply(gamma, x, size);
        }
        return table == null ? x : turned(turns.get(i).sines(), i);
    }

    /** Turns x into y by the angle of a row, or back if the sines are the opposite ones. */
    private A turned(A sines, int i) {
        math.rotate(x, turns.get(i).cosines(), sines, y, turned / 2);
        math.copy(x, turned, y, turned, size - turned);
        return y;
    }

    private double epsilon() {
        return Objects.requireNonNull(norm).epsilon();
    }

    /**
     * Moves the gradient of a head, which is at a place in a matrix, to the rows of all heads.
     *
     * @param columns the heads before {@link #load}
     * @param gradient gets their gradients
     */
    void store(ArrayMemory source, int place, HeadColumns columns, HeadColumns gradient, int first, int i, int head) {
        int position = gradient.position(first + i, head);
        if (table == null && effective == null) {
            source.copy(place, gradient.memory(), position, size);
            return;
        }
        math.read(source, place, x, size);
        if (table == null) {
            math.copy(x, 0, y, 0, size);
        } else {
            turned(turns.get(i).sinesBack(), i);
        }
        if (effective != null) {
            math.read(columns.memory(), columns.position(first + i, head), x, size);
            double factor = math.normalizeScale(x, epsilon(), size);
            math.addProduct(y, x, gammaSum, size);
            math.multiply(gamma, y, size);
            math.normalizeScaleGradient(y, x, factor, size);
        }
        math.write(gradient.memory(), position, y, size);
    }

    /** Begins the sum of the gradients of a segment that {@link #bind} switched to. One thread at a time does so. */
    void beginGradients(Segment segment) {
        math.clear(gammaSum, size);
        gammaGradient = effective == null ? null : segment.gradients().of(effective.weight());
    }

    void endGradients() {
        if (gammaGradient != null) {
            math.write(new ArrayMemory(gammaGradient.array()), 0, gammaSum, size);
            gammaGradient = null;
        }
    }
}
