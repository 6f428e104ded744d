package org.lora4j.onednn;

import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A product with int8 weights whose inputs are rounded to 16 bits. Each row x has a scale, {@code s = max|x|/32639}, and each of
 * its numbers becomes {@code s·(256·h + l)} with h and l of 8 bits. The processor multiplies these in its fastest instructions.
 * The sums of h and of l are exact integers, {@code y = s·(256·(h·W) + l·W)}, so a row has the same bits whatever the number of
 * rows. The rounding of the inputs is small beside that of the weights.
 *
 * <p>A row that holds NaN or an infinity gives NaN. Belongs to one call at a time, whose threads share it.
 */
final class SplitProduct {
    private static final int MOST_ROWS = 256;

    /** The most elements of the inputs or results of a thread at once. */
    private static final long MOST_ELEMENTS = 1 << 21;

    /** The fewest rows for which another thread saves time when they are split. */
    private static final int ROWS_OF_THREAD = 8;

    private final OneDnnEngine engine;
    private final float[] scales = new float[MOST_ROWS];

    /** The rows h and l of each row, one after the other. */
    private @Nullable Memory parts;

    SplitProduct(OneDnnEngine engine) {
        this.engine = engine;
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
        ArrayMemory to = new ArrayMemory(y);
        int n = Math.toIntExact(results.rows());
        int most = mostRows(weight);
        try {
            for (int first = 0; first < n; first += most) {
                int count = Math.min(most, n - first);
                split(weight, from, first, count);
                multiply(weight, to, results.rowStride(), first, count, adds);
            }
        } finally {
            // A native address does not keep its memory alive.
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

    private void split(OneDnnWeight weight, ArrayMemory x, int first, int count) {
        int k = weight.inputSize();
        Memory target = Memory.atLeast(2L * count * k, parts);
        parts = target;
        int threads = Math.max(1, Math.min(engine.threads(), count / ROWS_OF_THREAD));
        engine.team()
                .run(
                        threads,
                        i -> engine.compute(workspace -> {
                            int from = count * i / threads;
                            int to = count * (i + 1) / threads;
                            workspace.rowParts().split(x, first, from, to, k, weight.inputFactors(), scales, target);
                        }));
    }

    private void multiply(OneDnnWeight weight, ArrayMemory y, long rowStride, int first, int count, boolean adds) {
        Memory inputs = parts;
        if (inputs == null) {
            throw new IllegalStateException("the rows must be split before");
        }
        engine.team()
                .run(
                        weight.blocks().size(),
                        i -> engine.compute(workspace -> {
                            PackedBlock block = weight.blocks().get(i);
                            int m = Math.toIntExact(block.columns());
                            Memory results = workspace.results(2L * count * m * Float.BYTES);
                            workspace.multiply(
                                    block,
                                    MatrixLayout.dense(2L * count, weight.inputSize()),
                                    inputs.address(),
                                    MatrixLayout.dense(2L * count, m),
                                    results.address(),
                                    false);
                            int position = Math.toIntExact(first * rowStride + weight.start(i));
                            workspace
                                    .rowParts()
                                    .join(results, count, m, scales, y, position, Math.toIntExact(rowStride), adds);
                        }));
    }
}
