package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.HeapColumns;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.StepSeed;
import org.lora4j.nn.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Dropout of an input in training: each element is set to zero with probability p, or else scaled by 1/(1−p). The mask of
 * a row depends only on the seed, the number of the step and the number of the row in its batch.
 */
final class Dropout {
    private final PassContext context;

    /** Whether the loops go along rows, which are contiguous in 'c' order, or along columns. */
    private final boolean byRows;

    private final BatchBuffer masks;
    private final BatchBuffer dropped;
    private final HeapColumns valueColumns = new HeapColumns();
    private final HeapColumns maskColumns = new HeapColumns();
    private final HeapColumns resultColumns = new HeapColumns();
    private final HeapColumns gradientColumns = new HeapColumns();
    private final HeapColumns xGradientColumns = new HeapColumns();
    private @Nullable INDArray mask;
    private long[] rowSeeds = new long[0];

    private double probability;
    private long seed;

    Dropout(PassContext context, long columns) {
        this.context = context;
        byRows = context.order() == 'c';
        masks = new BatchBuffer(context.dataType(), columns, context.order());
        dropped = new BatchBuffer(context.dataType(), columns, context.order());
    }

    /**
     * Sets the probability and the seed.
     *
     * @return whether there is anything to drop: in training, with a probability above 0
     */
    boolean configure(double newProbability, long newSeed) {
        probability = newProbability;
        seed = newSeed;
        mask = null;
        return context.isTraining() && probability > 0;
    }

    /** Draws the mask of this step and returns {@code drop(x)}. */
    INDArray apply(INDArray x) {
        INDArray drawn = masks.rows(x.size(0));
        INDArray result = dropped.rows(x.size(0));
        long threshold = RowMath.threshold(probability);
        double kept = 1 / (1 - probability);
        seedRows(Math.toIntExact(x.size(0)));
        int lines = valueColumns.of(x, byRows).columns();
        int length = valueColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] xBlock = valueColumns.values(length);
        double[] maskBlock = maskColumns.values(length);
        maskColumns.of(drawn, byRows);
        resultColumns.of(result, byRows);
        for (int from = 0; from < lines; from += perBlock) {
            int count = Math.min(perBlock, lines - from);
            valueColumns.read(from, count, xBlock);
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < length; i++) {
                    int at = i + j * length;
                    long bits = byRows ? RowMath.bits(rowSeeds[from + j], i) : RowMath.bits(rowSeeds[i], from + j);
                    maskBlock[at] = bits >>> 11 < threshold ? 0 : kept;
                    xBlock[at] *= maskBlock[at];
                }
            }
            maskColumns.write(from, count, maskBlock);
            resultColumns.write(from, count, xBlock);
        }
        mask = drawn;
        return result;
    }

    private void seedRows(int rows) {
        if (rowSeeds.length < rows) {
            rowSeeds = new long[rows];
        }
        long stepSeed = StepSeed.of(seed, context.step());
        for (int i = 0; i < rows; i++) {
            rowSeeds[i] = StepSeed.ofRow(stepSeed, context.rowsBefore() + i);
        }
    }

    /** Adds to the gradient of x the gradient of {@code drop(x)} times the mask of this step. */
    void addInputGradient(INDArray gradient, INDArray xGradient) {
        if (mask == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        int lines = maskColumns.of(mask, byRows).columns();
        int length = maskColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] gradientBlock = gradientColumns.values(length);
        double[] maskBlock = maskColumns.values(length);
        double[] resultBlock = xGradientColumns.values(length);
        gradientColumns.of(gradient, byRows);
        xGradientColumns.of(xGradient, byRows);
        for (int from = 0; from < lines; from += perBlock) {
            int count = Math.min(perBlock, lines - from);
            gradientColumns.read(from, count, gradientBlock);
            maskColumns.read(from, count, maskBlock);
            xGradientColumns.read(from, count, resultBlock);
            for (int i = 0; i < count * length; i++) {
                resultBlock[i] += gradientBlock[i] * maskBlock[i];
            }
            xGradientColumns.write(from, count, resultBlock);
        }
    }
}
