package org.lora4j.nn.compute.internal;

import static java.util.Objects.requireNonNull;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds the bias of a linear layer to each row, {@code y = y + b}. Rows in one piece are added in loops, which the processors
 * divide; columns as a product with a column of ones.
 */
final class BiasAddition<A> {
    private final RowMath<A> math;
    private final int width;
    private final A bias;
    private final Workers<A> rows;
    private final LongFunction<INDArray> ones;
    private final Gemm product = new Gemm(false, false, 1, 1);
    private @Nullable INDArray boundBias;
    private @Nullable INDArray boundY;
    private @Nullable ArrayMemory biasMemory;
    private @Nullable ArrayMemory yMemory;

    private BiasAddition(RowMath<A> math, int width, LongFunction<INDArray> ones) {
        this.math = math;
        this.width = width;
        bias = math.array(width);
        rows = new Workers<>(() -> math.array(width));
        this.ones = ones;
    }

    /**
     * Creates the addition.
     *
     * @param dataType FLOAT or DOUBLE
     * @param width the number of outputs
     * @param ones returns a column of so many ones
     */
    static BiasAddition<?> of(DataType dataType, long width, LongFunction<INDArray> ones) {
        return new BiasAddition<>(RowMath.of(dataType), Math.toIntExact(width), ones);
    }

    /**
     * Adds the bias.
     *
     * @param biasRow b {@code [1, out]}
     * @param y {@code [n, out]}
     */
    void run(INDArray biasRow, INDArray y) {
        int n = Math.toIntExact(y.size(0));
        if (!ArrayMemory.isInRows(biasRow) || !ArrayMemory.isInRows(y)) {
            product.run(ones.apply(n), biasRow, y);
            return;
        }
        bind(biasRow, y);
        ArrayMemory memory = requireNonNull(yMemory);
        math.read(requireNonNull(biasMemory), 0, bias, width);
        rows.runRows(0, n, nanosPerRow(), (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(memory, i * width, row, width);
                math.add(bias, row, width);
                math.write(memory, i * width, row, width);
            }
        });
    }

    /** Opens the memory of arrays that are not those of the last call: for a small layer this takes as long as the addition. */
    private void bind(INDArray biasRow, INDArray y) {
        if (biasRow != boundBias) {
            biasMemory = new ArrayMemory(biasRow);
            boundBias = biasRow;
        }
        if (y != boundY) {
            yMemory = new ArrayMemory(y);
            boundY = y;
        }
    }

    /** About a quarter of a nanosecond for an element. */
    private long nanosPerRow() {
        return width / 4;
    }
}
