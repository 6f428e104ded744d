package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Implements {@link Loss#nextToken}. */
enum NextToken implements TargetLoss {
    INSTANCE;

    /**
     * Returns for each row of a batch the token that it is to predict.
     *
     * @param input the sequences
     * @param labels a label for each token as it was given {@code [n, t]}; null for the tokens themselves
     * @throws IllegalArgumentException if the input is no sequences, the labels do not fit it, or no label counts
     */
    @Override
    public INDArray targets(Input input, @Nullable INDArray labels) {
        if (!(input instanceof Sequences sequences)) {
            throw new IllegalArgumentException(
                    "the loss of the next token needs a model that takes sequences, found " + input);
        }
        int[] targets = new int[sequences.tokens()];
        Arrays.fill(targets, IGNORED);
        int[][] given = labels == null ? null : given(sequences, labels);
        for (int s = 0; s < sequences.count(); s++) {
            // A masked token predicts nothing.
            for (int row = sequences.start(s) + sequences.masked(s); row < sequences.start(s + 1); row++) {
                if (given != null) {
                    int next = sequences.position(row) + 1;
                    targets[row] = next < given[s].length ? given[s][next] : IGNORED;
                } else if (row + 1 < sequences.start(s + 1)) {
                    targets[row] = sequences.id(row + 1);
                }
            }
        }
        if (TargetLoss.count(targets) == 0) {
            throw new IllegalArgumentException(
                    "labels: at least one token of a batch must have a label that counts, found"
                            + " none; the first token of a sequence has nothing that predicts it, and " + IGNORED
                            + " takes no part");
        }
        return Nd4j.createFromArray(targets);
    }

    private static int[][] given(Sequences sequences, INDArray labels) {
        int longest = 0;
        for (int row = 0; row < sequences.tokens(); row++) {
            longest = Math.max(longest, sequences.position(row) + 1);
        }
        if (labels.rank() != 2 || labels.size(0) != sequences.count() || labels.size(1) < longest) {
            throw new IllegalArgumentException("labels: must be a matrix with a row for each of the "
                    + sequences.count() + " sequences and a column for each of their up to " + longest
                    + " tokens, found " + Arrays.toString(labels.shape()));
        }
        double[][] values = labels.castTo(DataType.DOUBLE).toDoubleMatrix();
        int[][] whole = new int[values.length][];
        for (int i = 0; i < values.length; i++) {
            whole[i] = new int[values[i].length];
            for (int j = 0; j < values[i].length; j++) {
                whole[i][j] = TargetLoss.whole(values[i][j], "a token", "[" + i + ", " + j + "]");
            }
        }
        return whole;
    }

    @Override
    public void requireBelow(INDArray targets, long vocabulary) {
        int largest = targets.maxNumber().intValue();
        if (largest >= vocabulary) {
            throw new IllegalArgumentException("labels: each token must be below the vocabulary of " + vocabulary
                    + ", found " + largest + "; use the tokenizer of this model");
        }
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        int[] targets = TargetLoss.ofRows(output, labels);
        long count = TargetLoss.count(targets);
        return new Rows<>(RowMath.of(output.dataType()), targets, count).sum(output, 0, gradient) / count;
    }

    /**
     * Computes the loss of a segment of a pass, and its gradient, with the head of the pass in blocks of those rows whose
     * target counts.
     *
     * @param type the type of the outputs
     * @param targets what {@link #targets} returned for the segment
     */
    static double compute(Pass pass, DataType type, int segment, INDArray targets) {
        int[] all = targets.toIntVector();
        int[] rows = IntStream.range(0, all.length)
                .filter(row -> all[row] != IGNORED)
                .toArray();
        int[] counting = Arrays.stream(rows).map(row -> all[row]).toArray();
        Rows<?> counted = new Rows<>(RowMath.of(type), counting, rows.length);
        return pass.headLoss(segment, rows, (output, from) -> counted.sum(output, from, output)) / rows.length;
    }

    /** Computes losses of rows and their gradients, block by block in the same arrays. */
    private static final class Rows<A> {
        private static final long NANOS_PER_LOGIT = 1;

        private final RowMath<A> math;
        private final int[] targets;
        private final long count;
        private final Workers<HeapBuffer<A>> workers;
        private double[] losses = new double[0];

        /**
         * Creates the computation.
         *
         * @param count the number of all targets that count, by which the gradients are divided
         */
        Rows(RowMath<A> math, int[] targets, long count) {
            this.math = math;
            this.targets = targets;
            this.count = count;
            workers = new Workers<>(() -> new HeapBuffer<>(math));
        }

        /**
         * Computes the sum of the losses of some rows, and the gradient of the mean.
         *
         * @param first the number of the first row among all
         * @param gradient gets the gradient; can be the output itself
         */
        double sum(INDArray output, int first, INDArray gradient) {
            INDArray logitRows = isInRows(output) ? output : output.dup('c');
            INDArray gradientRows = isInRows(gradient)
                    ? gradient
                    : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), 'c');
            double loss = sum(logitRows, first, new ArrayMemory(gradientRows));
            if (gradientRows != gradient) {
                gradient.assign(gradientRows);
            }
            return loss;
        }

        private double sum(INDArray output, int first, ArrayMemory gradients) {
            int n = Math.toIntExact(output.size(0));
            int width = Math.toIntExact(output.length() / n);
            if (losses.length < n) {
                losses = new double[n];
            }
            ArrayMemory logits = new ArrayMemory(output);
            workers.runRows(0, n, NANOS_PER_LOGIT * width, (row, from, to) -> {
                row.reserve(width);
                for (int i = from; i < to; i++) {
                    losses[i] = loss(
                            row.array(), width, targets[first + i], Math.multiplyExact(i, width), logits, gradients);
                }
            });
            // In the order of the rows, whoever computed them.
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += losses[i];
            }
            return sum;
        }

        private double loss(A row, int width, int target, int start, ArrayMemory logits, ArrayMemory gradients) {
            if (target == IGNORED) {
                math.clear(row, width);
                math.write(gradients, start, row, width);
                return 0;
            }
            int at = start + Objects.checkIndex(target, width);
            math.read(logits, start, row, width);
            double below = logits.get(at) - math.softmax(row, width);
            math.scale(1.0 / count, row, width);
            math.write(gradients, start, row, width);
            gradients.put(at, (Math.exp(below) - 1) / count);
            return -below;
        }
    }

    private static boolean isInRows(INDArray matrix) {
        return matrix.rank() == 2
                && matrix.stride(1) == 1
                && (matrix.size(0) == 1 || matrix.stride(0) == matrix.size(1));
    }
}
