package org.lora4j.internal.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Functions of the elements of arrays, piece by piece on the heap. A native loop would wake the threads of ND4J, which then wait
 * actively, on the processors that the next product needs.
 *
 * <p>Not thread-safe. An instance remembers the memory of its last arrays, so each place of a pass that calls a function again and
 * again has an instance of its own.
 */
@ForModules
public final class ElementLoops {
    /** So many elements of two arrays stay in the first cache between two loops. */
    static final int PIECE = 2048;

    private static final long NANOS_PER_PIECE = PIECE / 4;

    private static final Function POSITIVE = new Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.relu(y, n);
        }
    };

    private static final Function WHERE_POSITIVE = new Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.keepWherePositive(x, y, n);
        }
    };

    private static final Function SUM = new Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.add(x, y, n);
        }
    };

    private @Nullable OfType<?> loops;
    private final BoundMemory first = new BoundMemory();
    private final BoundMemory second = new BoundMemory();
    private final BoundMemory result = new BoundMemory();

    /** A function of the elements of two arrays. */
    private interface Function {
        /** Computes the first n elements, into y. */
        <A> void compute(RowMath<A> math, A x, A y, int n);
    }

    /** Creates an instance without buffers. */
    public ElementLoops() {}

    /**
     * Returns whether {@link #relu} computes an activation function. ND4J's ReLU can also have a bound, a threshold or a slope.
     *
     * @param function the function
     * @return true for a plain ReLU
     */
    public static boolean isRelu(IActivation function) {
        return function.equals(new ActivationReLU());
    }

    /**
     * Computes {@code y = max(x, 0)}; NaN stays NaN.
     *
     * @param x the input, FLOAT or DOUBLE
     * @param y the output, a contiguous array of the same shape and type; can be {@code x}
     */
    public void relu(INDArray x, INDArray y) {
        INDArray source = haveSameOrder(x, y) ? x : y.assign(x);
        run(source, source, y, POSITIVE);
    }

    /**
     * Computes the gradient of the input of {@link #relu}: that of the output where the output is positive, or else 0.
     *
     * @param y the output of {@link #relu}
     * @param yGradient the gradient of the output; not written to
     * @param xGradient gets the gradient of the input, a contiguous array; can be {@code y}
     */
    public void reluGradient(INDArray y, INDArray yGradient, INDArray xGradient) {
        run(inOrderOf(xGradient, y), inOrderOf(xGradient, yGradient), xGradient, WHERE_POSITIVE);
    }

    /**
     * Computes {@code z = x + y}.
     *
     * @param x FLOAT or DOUBLE
     * @param y an array of the same shape and type
     * @param z gets the sum, a contiguous array; can be x or y
     */
    public void sum(INDArray x, INDArray y, INDArray z) {
        run(inOrderOf(z, x), inOrderOf(z, y), z, SUM);
    }

    private static INDArray inOrderOf(INDArray like, INDArray array) {
        return haveSameOrder(array, like) ? array : array.dup(like.ordering());
    }

    /**
     * Computes {@code z = f(x, y)}, element by element.
     *
     * @param x contiguous, FLOAT or DOUBLE; can be y
     * @param y with the order of x
     * @param z gets the results, with the order of x; can be x or y
     */
    private void run(INDArray x, INDArray y, INDArray z, Function function) {
        ArrayMemory memory = result.of(z);
        OfType<?> known = loops;
        if (known == null || known.isFloat != memory.isFloat()) {
            known = new OfType<>(RowMath.of(z.dataType()), memory.isFloat());
            loops = known;
        }
        known.run(x == y ? null : first.of(x), second.of(y), memory, Math.toIntExact(z.length()), function);
    }

    /** Whether two arrays are contiguous, with their elements in the same places of their memory. */
    private static boolean haveSameOrder(INDArray one, INDArray other) {
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
