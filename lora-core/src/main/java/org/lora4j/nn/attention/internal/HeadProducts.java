package org.lora4j.nn.attention.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The products of one head of an attention, or of heads that share keys and values: {@code softmax(s·Q·Kᵀ)·V}. The matrices
 * are copies, because products of parts of a wide matrix are slow: n rows of queries and m of keys and values, each with d
 * numbers. A task fills them before it reads them, so all attentions of a pass share them. It belongs to one thread at a time.
 */
public final class HeadProducts {
    private final int size;
    private final MatrixBuffer queries;
    private final MatrixBuffer keys;
    private final MatrixBuffer values;
    private final MatrixBuffer contexts;
    private final MatrixBuffer weights;
    private final MatrixBuffer droppedWeights;
    private final MatrixBuffer queryGradients;
    private final MatrixBuffer keyGradients;
    private final MatrixBuffer valueGradients;
    private final MatrixBuffer weightGradients;
    private final MatrixBuffer slopes;

    private final Gemm scoreProduct;
    private final Gemm contextProduct = new Gemm(false, false, 1, 0);
    private final Gemm weightGradientProduct = new Gemm(false, true, 1, 0);
    private final Gemm queryGradientProduct;
    private final Gemm keyGradientProduct;
    private final Gemm keyGradientAddition;
    private final Gemm valueGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm valueGradientAddition = new Gemm(true, false, 1, 1);

    private final DataType dataType;
    private final double scale;
    private @Nullable RelativeScores<?> relative;
    private @Nullable RelativePositions positions;

    private HeadProducts(DataType dataType, int size, double scale) {
        this.size = size;
        this.dataType = dataType;
        this.scale = scale;
        queries = new MatrixBuffer(dataType);
        keys = new MatrixBuffer(dataType);
        values = new MatrixBuffer(dataType);
        contexts = new MatrixBuffer(dataType);
        weights = new MatrixBuffer(dataType);
        droppedWeights = new MatrixBuffer(dataType);
        queryGradients = new MatrixBuffer(dataType);
        keyGradients = new MatrixBuffer(dataType);
        valueGradients = new MatrixBuffer(dataType);
        weightGradients = new MatrixBuffer(dataType);
        slopes = new MatrixBuffer(dataType);
        scoreProduct = new Gemm(false, true, scale, 0);
        queryGradientProduct = new Gemm(false, false, scale, 0);
        keyGradientProduct = new Gemm(true, false, scale, 0);
        keyGradientAddition = new Gemm(true, false, scale, 1);
    }

    /** Those of a pass. */
    public static final class Shared {
        private final DataType dataType;
        private final Map<Form, List<HeadProducts>> byForm = new HashMap<>();

        /**
         * What attentions must have in common to share products.
         *
         * @param size the size of a head
         * @param scale s
         */
        private record Form(int size, double scale) {}

        public Shared(DataType dataType) {
            this.dataType = dataType;
        }

        /** Returns a source for one attention. The k-th that it returns is the same for all attentions with such heads. */
        Supplier<HeadProducts> source(int size, double scale) {
            List<HeadProducts> all = byForm.computeIfAbsent(new Form(size, scale), key -> new ArrayList<>());
            return new Supplier<>() {
                private int next;

                @Override
                public HeadProducts get() {
                    if (next == all.size()) {
                        all.add(new HeadProducts(dataType, size, scale));
                    }
                    return all.get(next++);
                }
            };
        }
    }

    /**
     * How long a forward takes in one thread, roughly: 30 multiplications take a nanosecond, and a weight takes another.
     *
     * @param weights the number of weights of all heads
     * @param size the number of dimensions of a head
     */
    static long nanos(double weights, int size) {
        return (long) (weights * (1 + 2 * size / 30.0));
    }

    /** What the differences of positions add to the scores. All attentions with the same positions share it. */
    @SuppressWarnings("unchecked") // The type is that of all numbers of the network.
    <A> RelativeScores<A> relative(RelativePositions wanted, RowMath<A> math) {
        if (relative == null || positions != wanted) {
            relative = new RelativeScores<>(wanted, size, scale, math, dataType);
            positions = wanted;
        }
        return (RelativeScores<A>) relative;
    }

    /** {@code Q [n, d]}. */
    MatrixBuffer.Matrix queries(int n) {
        return queries.of(0, n, size);
    }

    /** {@code K [m, d]}. */
    MatrixBuffer.Matrix keys(int m) {
        return keys.of(0, m, size);
    }

    /** {@code V [m, d]}. */
    MatrixBuffer.Matrix values(int m) {
        return values.of(0, m, size);
    }

    /** {@code C [n, d]}, or its gradient. */
    MatrixBuffer.Matrix contexts(int n) {
        return contexts.of(0, n, size);
    }

    /** {@code P [n, m]}. */
    MatrixBuffer.Matrix weights(int n, int m) {
        return weights.of(0, n, m);
    }

    /** {@code P [n, m]} after dropout. */
    MatrixBuffer.Matrix droppedWeights(int n, int m) {
        return droppedWeights.of(0, n, m);
    }

    /** {@code ∂L/∂Q [n, d]}. */
    MatrixBuffer.Matrix queryGradients(int n) {
        return queryGradients.of(0, n, size);
    }

    /** {@code ∂L/∂K [m, d]}. */
    MatrixBuffer.Matrix keyGradients(int m) {
        return keyGradients.of(0, m, size);
    }

    /** {@code ∂L/∂V [m, d]}. */
    MatrixBuffer.Matrix valueGradients(int m) {
        return valueGradients.of(0, m, size);
    }

    /** {@code ∂L/∂P [n, m]}. */
    MatrixBuffer.Matrix weightGradients(int n, int m) {
        return weightGradients.of(0, n, m);
    }

    /** The derivatives {@code [n, m]} of scores that are bounded. */
    MatrixBuffer.Matrix slopes(int n, int m) {
        return slopes.of(0, n, m);
    }

    /** {@code P = s·Q·Kᵀ}, the scores of m keys from one on. */
    void computeScores(int n, int first, int m) {
        scoreProduct.run(
                queries(n).array(),
                keys.of(first, m, size).array(),
                weights(n, m).array());
    }

    /** {@code C = P·V}, with the weights of a matrix for m keys from one on. */
    void computeContexts(MatrixBuffer.Matrix p, int n, int first, int m) {
        contextProduct.run(
                p.array(), values.of(first, m, size).array(), contexts(n).array());
    }

    /** {@code ∂L/∂P = ∂L/∂C·Vᵀ}. */
    void differentiateWeights(int n, int first, int m) {
        weightGradientProduct.run(
                contexts(n).array(),
                values.of(first, m, size).array(),
                weightGradients(n, m).array());
    }

    /** Sets the gradients of m keys and values to 0, so that parts can be added. */
    void clearGradients(int m) {
        keyGradients(m).array().assign(0);
        valueGradients(m).array().assign(0);
    }

    /** {@code ∂L/∂V = Pᵀ·∂L/∂C} of m keys from one on, or adds it. */
    void differentiateValues(MatrixBuffer.Matrix p, int n, int first, int m, boolean adds) {
        (adds ? valueGradientAddition : valueGradientProduct)
                .run(
                        p.array(),
                        contexts(n).array(),
                        valueGradients.of(first, m, size).array());
    }

    /** {@code ∂L/∂K = s·(∂L/∂P)ᵀ·Q} of m keys from one on, or adds it. */
    void differentiateKeys(int n, int first, int m, boolean adds) {
        (adds ? keyGradientAddition : keyGradientProduct)
                .run(
                        weightGradients(n, m).array(),
                        queries(n).array(),
                        keyGradients.of(first, m, size).array());
    }

    /** {@code ∂L/∂Q = s·∂L/∂P·K}. */
    void differentiateQueries(int n, int first, int m) {
        queryGradientProduct.run(
                weightGradients(n, m).array(),
                keys.of(first, m, size).array(),
                queryGradients(n).array());
    }

    /**
     * A matrix of any shape in 'c' order. All shapes share one piece of memory, which is at most half larger than the largest so far. The same
     * shape returns the same array, so nothing is allocated in a steady state.
     */
    static final class MatrixBuffer {
        /** Texts have at most this many lengths in a batch after batch; then all are forgotten. */
        private static final int REMEMBERED_SHAPES = 1024;

        private final DataType dataType;
        private final Map<Place, Matrix> byPlace = new HashMap<>();
        private @Nullable INDArray store;

        /** The rows of a matrix of a width, from a row on. */
        private record Place(int first, int rows, int columns) {}

        /** An array and its memory. */
        record Matrix(INDArray array, ArrayMemory memory) {}

        MatrixBuffer(DataType dataType) {
            this.dataType = dataType;
        }

        /**
         * Returns some rows of a matrix.
         *
         * @param first the first row; if it is not 0, the rows from 0 on were asked for before, and keep their content
         * @return the rows, with undefined content if they were not written
         */
        Matrix of(int first, int rows, int columns) {
            INDArray memory = store;
            long needed = ((long) first + rows) * columns;
            if (memory == null || memory.length() < needed) {
                // A text that grows asks for a little more each time, and what is let go stays until the next garbage
                // collection.
                long grown = memory == null ? needed : Math.max(needed, memory.length() + memory.length() / 2);
                memory = Nd4j.createUninitializedDetached(dataType, grown);
                store = memory;
                byPlace.clear();
            }
            if (byPlace.size() >= REMEMBERED_SHAPES) {
                byPlace.clear();
            }
            INDArray whole = memory;
            return byPlace.computeIfAbsent(new Place(first, rows, columns), key -> {
                INDArray array = Nd4j.create(
                        whole.data(), new long[] {rows, columns}, new long[] {columns, 1}, (long) first * columns, 'c');
                return new Matrix(array, new ArrayMemory(array));
            });
        }
    }
}
