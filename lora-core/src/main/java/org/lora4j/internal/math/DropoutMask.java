package org.lora4j.internal.math;

import java.util.function.IntToLongFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The random mask of dropout: an element of it is 0 with probability p, else {@code 1/(1−p)}, rounded to the type of the
 * matrix. The mask of a row depends only on the seed, the number of the step and the number of the row in its batch. It is
 * not kept: the same numbers draw it again for the gradient. Not thread-safe.
 */
public final class DropoutMask {
    private final HeapColumns inputs = new HeapColumns();
    private final HeapColumns outputs = new HeapColumns();
    private final HeapColumns outputGradients = new HeapColumns();
    private final HeapColumns inputGradients = new HeapColumns();
    private long[] rowSeeds = new long[0];
    private double probability;
    private long seed;
    private long stepSeed;
    private IntToLongFunction rowNumber = row -> row;
    private boolean isDrawn;

    /** Creates a mask that drops nothing. */
    public DropoutMask() {}

    /**
     * Sets the probability and the seed. The mask must then be drawn anew.
     *
     * @param newProbability p, at least 0 and below 1
     * @param newSeed the seed of the layer
     */
    public void configure(double newProbability, long newSeed) {
        probability = newProbability;
        seed = newSeed;
        isDrawn = false;
    }

    /**
     * Draws the mask of a step.
     *
     * @param step the number of the step
     * @param newRowNumber the number of each row of the matrix in the batch
     */
    public void draw(long step, IntToLongFunction newRowNumber) {
        stepSeed = StepSeed.of(seed, step);
        rowNumber = newRowNumber;
        isDrawn = true;
    }

    /**
     * Computes {@code y = mask∘x}.
     *
     * @param x the input {@code [n, width]}
     * @param y gets the output; can be the input itself
     * @throws IllegalStateException if no mask was drawn
     */
    public void apply(INDArray x, INDArray y) {
        run(x, inputs, y, outputs, false);
    }

    /**
     * Computes the gradient of the input, {@code ∂x = mask∘∂y}.
     *
     * @param yGradient {@code ∂L/∂y [n, width]}
     * @param xGradient {@code ∂L/∂x [n, width]}
     * @param adds whether the gradient is added to what {@code xGradient} holds, or replaces it
     * @throws IllegalStateException if no mask was drawn
     */
    public void applyToGradient(INDArray yGradient, INDArray xGradient, boolean adds) {
        run(yGradient, outputGradients, xGradient, inputGradients, adds);
    }

    private void run(INDArray from, HeapColumns fromColumns, INDArray to, HeapColumns toColumns, boolean adds) {
        if (!isDrawn) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        // Along rows, which are contiguous in 'c' order, or along columns.
        boolean byRows = to.ordering() == 'c';
        int lines = fromColumns.bind(from, byRows).columns();
        int length = fromColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] source = fromColumns.values(length);
        double[] target = toColumns.bind(to, byRows).values(length);
        seedRows(byRows ? lines : length);
        long threshold = RowMath.threshold(probability);
        double kept = kept(to.dataType());
        for (int line = 0; line < lines; line += perBlock) {
            int count = Math.min(perBlock, lines - line);
            fromColumns.read(line, count, source);
            for (int j = 0; j < count; j++) {
                int first = j * length;
                if (byRows) {
                    maskRow(rowSeeds[line + j], source, first, length, threshold, kept);
                } else {
                    maskColumn(line + j, source, first, length, threshold, kept);
                }
            }
            if (adds) {
                toColumns.read(line, count, target);
                for (int k = 0; k < count * length; k++) {
                    target[k] += source[k];
                }
            }
            toColumns.write(line, count, adds ? target : source);
        }
    }

    private double kept(DataType type) {
        double kept = 1 / (1 - probability);
        return type == DataType.FLOAT ? (float) kept : kept;
    }

    private static void maskRow(long rowSeed, double[] x, int first, int length, long threshold, double kept) {
        for (int i = 0; i < length; i++) {
            x[first + i] = RowMath.isDropped(rowSeed, i, threshold) ? 0 : x[first + i] * kept;
        }
    }

    private void maskColumn(int column, double[] x, int first, int length, long threshold, double kept) {
        for (int i = 0; i < length; i++) {
            x[first + i] = RowMath.isDropped(rowSeeds[i], column, threshold) ? 0 : x[first + i] * kept;
        }
    }

    private void seedRows(int rows) {
        if (rowSeeds.length < rows) {
            rowSeeds = new long[rows];
        }
        for (int i = 0; i < rows; i++) {
            rowSeeds[i] = StepSeed.ofRow(stepSeed, rowNumber.applyAsLong(i));
        }
    }
}
