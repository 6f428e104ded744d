package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Softcap;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The computation of the head, the last layer or the one before a {@link Softcap}, for some rows of tokens, in blocks: each block goes forward, through a loss, and in a
 * training backward. So the output, which is as wide as a vocabulary, and its gradient are never there for all rows.
 */
final class HeadPass {
    /** The most rows of a block. More of them need more memory and are no faster. */
    static final int BLOCK = 64;

    private final Linear layer;
    private final LinearPass linear;
    private final @Nullable LayerPass softcap;
    private final PassResources resources;
    private final RowBlocks blocks = new RowBlocks();
    private final BatchBuffer chosenRows;
    private final BatchBuffer inputGradients;
    private final int width;

    /** Rows of a segment that are chosen, in the matrix of all rows. */
    static final class Rows {
        private final Segment segment;
        private final int first;
        private final int[] numbers;

        /**
         * Chooses rows.
         *
         * @param first the first row of the segment
         * @param numbers the rows, numbered from 0 in the segment
         */
        Rows(Segment segment, int first, int[] numbers) {
            this.segment = segment;
            this.first = first;
            this.numbers = numbers;
        }

        int count() {
            return numbers.length;
        }

        /** The chosen rows from one of them on, as a batch. */
        Segments from(int i) {
            return Segments.ofTokens(segment, numbers, i);
        }

        /** The place of a chosen row in the matrix of all rows. */
        int row(int i) {
            return first + numbers[i];
        }
    }

    /**
     * Creates a computation.
     *
     * @param bound what follows the head; null if nothing does
     */
    HeadPass(Linear layer, @Nullable Softcap bound, PassResources ofPass) {
        this.layer = layer;
        resources = ofPass.inBlocks();
        linear = new LinearPass(layer, resources);
        softcap = bound == null
                ? null
                : ElementwisePass.of(bound, layer.outputSize(), true, RowMath.of(ofPass.dataType()), resources);
        chosenRows = new BatchBuffer(ofPass.dataType(), layer.inputSize(), ofPass.order());
        inputGradients = new BatchBuffer(ofPass.dataType(), layer.inputSize(), ofPass.order());
        width = Math.toIntExact(layer.inputSize());
    }

    /** Returns a gradient of the input {@code [n, in]} without any part, all zero. */
    INDArray noGradient(long rows) {
        INDArray gradient = inputGradients.rows(rows);
        clear(RowMath.of(gradient.dataType()), gradient);
        return gradient;
    }

    private static <A> void clear(RowMath<A> math, INDArray matrix) {
        int columns = Math.toIntExact(matrix.size(1));
        A zeros = math.array(columns);
        ArrayMemory memory = new ArrayMemory(matrix);
        for (int i = 0; i < matrix.size(0); i++) {
            math.write(memory, i * columns, zeros, columns);
        }
    }

    /**
     * Computes the output of some rows, without gradients.
     *
     * @param x the input {@code [n, in]} of all rows
     * @param visitor sees each block
     * @return the sum of what it returned
     */
    double visit(Rows rows, INDArray x, RowsLoss visitor) {
        INDArray chosen = choose(rows, x);
        double sum = 0;
        for (int from = 0; from < rows.count(); from += BLOCK) {
            sum += visitor.compute(forward(rows.from(from), rows, chosen, from), from);
        }
        return sum;
    }

    /**
     * Computes the loss of some rows, and in a training the gradients.
     *
     * @param x the input {@code [n, in]} of all rows
     * @param xGradient gets {@code ∂L/∂x} of the chosen rows, the others stay as they are; null if it is not needed
     * @return the sum of what the loss returned
     */
    double run(Rows rows, INDArray x, RowsLoss loss, @Nullable INDArray xGradient) {
        INDArray chosen = choose(rows, x);
        double sum = 0;
        for (int from = 0; from < rows.count(); from += BLOCK) {
            Segments batch = rows.from(from);
            INDArray y = forward(batch, rows, chosen, from);
            sum += loss.compute(y, from);
            if (resources.isTraining()) {
                backward(batch, rows, from, y, xGradient);
            }
        }
        return sum;
    }

    /** Whether the output of some rows holds neither NaN nor an infinity. */
    boolean isFinite(Rows rows, INDArray x) {
        INDArray chosen = choose(rows, x);
        boolean isFinite = true;
        for (int from = 0; from < rows.count(); from += BLOCK) {
            Segments batch = rows.from(from);
            forward(batch, rows, chosen, from);
            isFinite &= linear.isFinite(batch, 0);
        }
        return isFinite;
    }

    String path() {
        return layer.path();
    }

    /** Copies rows under each other. */
    private INDArray choose(Rows rows, INDArray x) {
        INDArray chosen = chosenRows.rows(rows.count());
        copy(new ArrayMemory(x), rows, 0, new ArrayMemory(chosen), rows.count(), true);
        return chosen;
    }

    private INDArray forward(Segments batch, Rows rows, INDArray chosen, int from) {
        int count = Math.min(BLOCK, rows.count() - from);
        linear.bind(batch);
        INDArray y = linear.forward(batch, blocks.of(chosen, from, count));
        return softcap == null ? y : softcap.forward(batch, y);
    }

    private void backward(Segments batch, Rows rows, int from, INDArray lossGradient, @Nullable INDArray xGradient) {
        INDArray bounded = softcap == null ? null : softcap.backward(batch, lossGradient, true);
        INDArray yGradient = bounded == null ? lossGradient : bounded;
        INDArray blockGradient = linear.backward(batch, yGradient, xGradient != null);
        if (blockGradient != null && xGradient != null) {
            int count = Math.toIntExact(yGradient.size(0));
            copy(new ArrayMemory(xGradient), rows, from, new ArrayMemory(blockGradient), count, false);
            resources.scratch().release(blockGradient);
        }
        if (bounded != null) {
            resources.scratch().release(bounded);
        }
    }

    /** Copies chosen rows from the matrix of all rows to a block, or back. */
    private void copy(ArrayMemory all, Rows rows, int from, ArrayMemory block, int count, boolean toBlock) {
        for (int i = 0; i < count; i++) {
            int place = rows.row(from + i) * width;
            if (toBlock) {
                all.copy(place, block, i * width, width);
            } else {
                block.copy(i * width, all, place, width);
            }
        }
    }
}
