package org.lora4j.internal.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes {@code y = max(x, 0)} and its gradient in loops on the heap. A native loop would wake the threads of ND4J, which then
 * wait actively, on the processors that the next product needs. Not thread-safe: each pass has its own instance.
 */
@ForModules
public final class Relu {
    /** So many elements and their gradients stay in the first cache between two loops. */
    static final int PIECE = 2048;

    private static final long NANOS_PER_PIECE = PIECE / 4;

    private final BoundMemory input = new BoundMemory();
    private final BoundMemory output = new BoundMemory();
    private final BoundMemory outputGradient = new BoundMemory();
    private final BoundMemory inputGradient = new BoundMemory();
    private @Nullable Loops<?> loops;

    /** Creates an instance without buffers. */
    public Relu() {}

    /**
     * Computes {@code y = max(x, 0)}.
     *
     * @param x the input, FLOAT or DOUBLE
     * @param y the output, a contiguous array of the same shape and type; can be {@code x}
     */
    public void forward(INDArray x, INDArray y) {
        INDArray source = haveSameOrder(x, y) ? x : y.assign(x);
        loops(y).forward(input.of(source), output.of(y), Math.toIntExact(y.length()));
    }

    /**
     * Computes the gradient of the input: that of the output where the output is positive, or else 0.
     *
     * @param y the output of {@link #forward}
     * @param yGradient the gradient of the output; not written to
     * @param xGradient gets the gradient of the input, a contiguous array; can be {@code y}
     */
    public void backward(INDArray y, INDArray yGradient, INDArray xGradient) {
        INDArray outputs = haveSameOrder(y, xGradient) ? y : y.dup(xGradient.ordering());
        INDArray gradients = haveSameOrder(yGradient, xGradient) ? yGradient : yGradient.dup(xGradient.ordering());
        loops(y).backward(
                        output.of(outputs),
                        outputGradient.of(gradients),
                        inputGradient.of(xGradient),
                        Math.toIntExact(y.length()));
    }

    private Loops<?> loops(INDArray array) {
        Loops<?> known = loops;
        if (known == null || known.isFloat != output.of(array).isFloat()) {
            known = new Loops<>(RowMath.of(array.dataType()), output.of(array).isFloat());
            loops = known;
        }
        return known;
    }

    /** Whether two arrays are contiguous, with their elements in the same places of their memory. */
    private static boolean haveSameOrder(INDArray one, INDArray other) {
        return one == other
                || (one.elementWiseStride() == 1
                        && other.elementWiseStride() == 1
                        && Arrays.equals(one.stride(), other.stride()));
    }

    /** The loops of one type, piece by piece. */
    private static final class Loops<A> {
        private final RowMath<A> math;
        private final boolean isFloat;
        private final Workers<Pieces<A>> workers;

        /** What a thread needs for a piece. */
        private record Pieces<A>(A values, A gradients) {}

        /** Computes a piece. */
        private interface Piece<A> {
            void compute(Pieces<A> pieces, int from, int n);
        }

        Loops(RowMath<A> math, boolean isFloat) {
            this.math = math;
            this.isFloat = isFloat;
            workers = new Workers<>(() -> new Pieces<>(math.array(PIECE), math.array(PIECE)));
        }

        void forward(ArrayMemory x, ArrayMemory y, int length) {
            run(length, (pieces, from, n) -> {
                math.read(x, from, pieces.values, n);
                math.relu(pieces.values, n);
                math.write(y, from, pieces.values, n);
            });
        }

        void backward(ArrayMemory y, ArrayMemory yGradient, ArrayMemory xGradient, int length) {
            run(length, (pieces, from, n) -> {
                math.read(y, from, pieces.values, n);
                math.read(yGradient, from, pieces.gradients, n);
                math.keepWherePositive(pieces.values, pieces.gradients, n);
                math.write(xGradient, from, pieces.gradients, n);
            });
        }

        private void run(int length, Piece<A> piece) {
            workers.runRows(0, (length + PIECE - 1) / PIECE, NANOS_PER_PIECE, (pieces, from, to) -> {
                for (int i = from; i < to; i++) {
                    piece.compute(pieces, i * PIECE, Math.min(PIECE, length - i * PIECE));
                }
            });
        }
    }

    /** The memory of the array of the last call, which is usually that of the next call too. */
    private static final class BoundMemory {
        private @Nullable INDArray bound;
        private @Nullable ArrayMemory memory;

        ArrayMemory of(INDArray array) {
            ArrayMemory known = memory;
            if (known == null || array != bound) {
                known = new ArrayMemory(array);
                memory = known;
                bound = array;
            }
            return known;
        }
    }
}
