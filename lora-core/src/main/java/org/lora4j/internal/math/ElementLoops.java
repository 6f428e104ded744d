package org.lora4j.internal.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Loops over the elements of arrays of two values, piece by piece on the heap. A native loop would wake the threads of ND4J, which
 * then wait actively, on the processors that the next product needs. Not thread-safe.
 */
final class ElementLoops {
    /** So many elements of two arrays stay in the first cache between two loops. */
    static final int PIECE = 2048;

    private static final long NANOS_PER_PIECE = PIECE / 4;

    private @Nullable OfType<?> loops;
    private final BoundMemory first = new BoundMemory();
    private final BoundMemory second = new BoundMemory();
    private final BoundMemory result = new BoundMemory();

    /** A function of the elements of two arrays. */
    interface Function {
        /** Computes the first n elements, into y. */
        <A> void compute(RowMath<A> math, A x, A y, int n);
    }

    /**
     * Computes {@code z = f(x, y)}, element by element.
     *
     * @param x contiguous, FLOAT or DOUBLE; can be y
     * @param y with the order of x
     * @param z gets the results, with the order of x; can be x or y
     */
    void run(INDArray x, INDArray y, INDArray z, Function function) {
        ArrayMemory memory = result.of(z);
        OfType<?> known = loops;
        if (known == null || known.isFloat != memory.isFloat()) {
            known = new OfType<>(RowMath.of(z.dataType()), memory.isFloat());
            loops = known;
        }
        known.run(x == y ? null : first.of(x), second.of(y), memory, Math.toIntExact(z.length()), function);
    }

    /** Whether two arrays are contiguous, with their elements in the same places of their memory. */
    static boolean haveSameOrder(INDArray one, INDArray other) {
        return one == other
                || (one.elementWiseStride() == 1
                        && other.elementWiseStride() == 1
                        && Arrays.equals(one.stride(), other.stride()));
    }

    private static final class OfType<A> {
        private final RowMath<A> math;
        private final boolean isFloat;
        private final Workers<Pieces<A>> workers;

        /** What a thread needs. */
        private record Pieces<A>(A x, A y) {}

        OfType(RowMath<A> math, boolean isFloat) {
            this.math = math;
            this.isFloat = isFloat;
            workers = new Workers<>(() -> new Pieces<>(math.array(PIECE), math.array(PIECE)));
        }

        void run(@Nullable ArrayMemory x, ArrayMemory y, ArrayMemory z, int length, Function function) {
            workers.runRows(0, (length + PIECE - 1) / PIECE, NANOS_PER_PIECE, (pieces, from, to) -> {
                for (int i = from; i < to; i++) {
                    int n = Math.min(PIECE, length - i * PIECE);
                    if (x != null) {
                        math.read(x, i * PIECE, pieces.x, n);
                    }
                    math.read(y, i * PIECE, pieces.y, n);
                    function.compute(math, x == null ? pieces.y : pieces.x, pieces.y, n);
                    math.write(z, i * PIECE, pieces.y, n);
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
