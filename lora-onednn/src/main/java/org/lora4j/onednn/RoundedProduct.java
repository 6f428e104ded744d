package org.lora4j.onednn;

import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A product with int8 weights whose inputs are rounded to integers, with a scale for each row x. With 16 bits, each number becomes
 * {@code s·(256·h + l)}, where h and l have 8 bits and {@code s = max|x|/32639}; with 8 bits it becomes {@code s·h} with
 * {@code s = max|x|/127}. The processor multiplies these in its fastest instructions. The sums of h and of l are exact integers,
 * {@code y = 256·s·(h·W) + s·(l·W)}, so a row has the same bits whatever the number of rows. The rounding to 16 bits is small
 * beside that of the weights.
 *
 * <p>A row that holds NaN or an infinity gives NaN. Belongs to one call at a time, whose threads share it.
 */
final class RoundedProduct {
    private static final int MOST_ROWS = 256;

    /** The most elements of the inputs or results of a thread at once. */
    private static final long MOST_ELEMENTS = 1 << 21;

    /** The fewest rows for which another thread saves time when they are rounded. */
    private static final int ROWS_OF_THREAD = 8;

    private final Workers workers;

    /** The integers of each row: those of h, then those of l. */
    private @Nullable Memory integers;

    /** What those of h count in each row, then what those of l count. */
    private final Memory scales = new Memory(2L * MOST_ROWS * Float.BYTES);

    RoundedProduct(Workers workers) {
        this.workers = workers;
    }

    /** Computes {@code y = x·W}, or adds it. */
    void run(OneDnnWeight weight, INDArray x, INDArray y, boolean adds) {
        if (!MatrixLayout.of(x).isDenseInRows()) {
            run(weight, x.dup('c'), y, adds);
            return;
        }
        MatrixLayout results = MatrixLayout.of(y);
        if (!results.isInRows()) {
            INDArray rows = y.dup('c');
            run(weight, x, rows, adds);
            y.assign(rows);
            return;
        }
        ArrayMemory from = new ArrayMemory(x);
        long fromAddress = Memory.addressOf(x);
        long to = Memory.addressOf(y);
        int n = Math.toIntExact(results.rows());
        int most = mostRows(weight);
        try {
            for (int first = 0; first < n; first += most) {
                int count = Math.min(most, n - first);
                Memory rounded = round(weight, from, fromAddress, first, count);
                long place = to + (long) Float.BYTES * first * results.rowStride();
                multiply(weight, rounded, place, results.withRows(count), adds);
            }
        } finally {
            // A native address does not keep its memory alive.
            Reference.reachabilityFence(x);
            Reference.reachabilityFence(y);
            Reference.reachabilityFence(weight);
            Reference.reachabilityFence(this);
        }
    }

    private static int mostRows(OneDnnWeight weight) {
        long widest = weight.inputSize();
        for (PackedBlock block : weight.blocks()) {
            widest = Math.max(widest, block.columns());
        }
        return (int) Math.max(1, Math.min(MOST_ROWS, MOST_ELEMENTS / widest));
    }

    private Memory round(OneDnnWeight weight, ArrayMemory x, long address, int first, int count) {
        int k = weight.inputSize();
        int parts = weight.kind().parts();
        Memory target = Memory.atLeast((long) parts * count * k, integers);
        integers = target;
        int threads = Math.max(1, Math.min(workers.team().threads(), count / ROWS_OF_THREAD));
        workers.team()
                .run(
                        threads,
                        i -> workers.compute(workspace -> {
                            RoundedRows.Rows rows = new RoundedRows.Rows(
                                    x, address, first, count * i / threads, count * (i + 1) / threads, count);
                            if (parts == 1) {
                                workspace.roundedRows().round(rows, k, weight.inputFactors(), target, scales);
                            } else {
                                workspace.roundedRows().split(rows, k, weight.inputFactors(), target, scales);
                            }
                        }));
        return target;
    }

    /**
     * Multiplies rounded rows.
     *
     * @param place the address of the first row of the results
     */
    private void multiply(OneDnnWeight weight, Memory rounded, long place, MatrixLayout results, boolean adds) {
        int parts = weight.kind().parts();
        long rows = parts * results.rows();
        workers.team()
                .run(
                        weight.blocks().size(),
                        i -> workers.compute(workspace -> {
                            PackedBlock block = weight.blocks().get(i);
                            Memory sums = workspace.results(rows * block.columns() * Float.BYTES);
                            workspace.multiply(
                                    block,
                                    MatrixLayout.dense(rows, weight.inputSize()),
                                    rounded.address(),
                                    MatrixLayout.dense(rows, block.columns()),
                                    sums.address(),
                                    Product.Addition.NOTHING,
                                    0);
                            workspace
                                    .roundedRows()
                                    .join(
                                            sums,
                                            scales,
                                            parts,
                                            results.withColumns(block.columns()),
                                            place + Float.BYTES * weight.start(i),
                                            adds);
                        }));
    }
}
