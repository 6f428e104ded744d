package org.lora4j.nn.compute.internal;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes one row of the rows of each sequence. */
final class PoolingPass<A> implements LayerPass {
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final Pooling layer;
    private final List<Pooling.Method> methods;
    private final int width;
    private final A row;
    private final A sum;
    private final double[] factors;

    /** The row that has the maximum of each column of each sequence. */
    private int[] largest = new int[0];

    PoolingPass(Pooling layer, long size, RowMath<A> math, PassResources resources) {
        this.math = math;
        this.layer = layer;
        scratch = resources.scratch();
        outputs = new BatchBuffer(resources.dataType(), layer.outputSize(size), resources.order());
        methods = layer.methods();
        width = Math.toIntExact(size);
        row = math.array(width);
        sum = math.array(width);
        factors = new double[methods.size()];
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        Sequences sequences = batch.sequences();
        INDArray y = outputs.rows(sequences.count());
        ArrayMemory inputs = new ArrayMemory(x);
        ArrayMemory results = new ArrayMemory(y);
        if (methods.contains(Pooling.Method.MAX) && largest.length < sequences.count() * width) {
            largest = new int[sequences.count() * width];
        }
        for (int i = 0; i < sequences.count(); i++) {
            for (int k = 0; k < methods.size(); k++) {
                pool(methods.get(k), sequences, i, inputs);
                math.write(results, (i * methods.size() + k) * width, sum, width);
            }
        }
        return y;
    }

    private void pool(Pooling.Method method, Sequences sequences, int i, ArrayMemory inputs) {
        int begin = begin(method, sequences, i);
        if (method == Pooling.Method.MAX) {
            math.read(inputs, begin * width, sum, width);
            Arrays.fill(largest, i * width, (i + 1) * width, begin);
            for (int r = begin + 1; r < end(method, sequences, i); r++) {
                math.read(inputs, r * width, row, width);
                math.maximum(row, r, sum, largest, i * width, width);
            }
            return;
        }
        math.clear(sum, width);
        for (int r = begin; r < end(method, sequences, i); r++) {
            math.read(inputs, r * width, row, width);
            if (method == Pooling.Method.WEIGHTED_MEAN) {
                math.addScaled(weight(sequences, r), row, sum, width);
            } else {
                math.add(row, sum, width);
            }
        }
        math.scale(factor(method, sequences, i), sum, width);
    }

    /** The first row of a sequence that counts. */
    private int begin(Pooling.Method method, Sequences sequences, int i) {
        return switch (method) {
            case FIRST -> sequences.start(i);
            case LAST -> sequences.start(i + 1) - 1;
            case CLS, MEAN, MEAN_SQRT_LENGTH, WEIGHTED_MEAN, MAX -> firstThatCounts(sequences, i);
        };
    }

    private int firstThatCounts(Sequences sequences, int i) {
        int first = sequences.start(i) + sequences.masked(i);
        int afterPrompt = first + sequences.prompt(i);
        return layer.includesPrompt() || afterPrompt >= sequences.start(i + 1) ? first : afterPrompt;
    }

    private int end(Pooling.Method method, Sequences sequences, int i) {
        return switch (method) {
            case FIRST, CLS -> begin(method, sequences, i) + 1;
            case LAST, MEAN, MEAN_SQRT_LENGTH, WEIGHTED_MEAN, MAX -> sequences.start(i + 1);
        };
    }

    /** The weight of a row in a weighted mean: its position from 1 on. */
    private static double weight(Sequences sequences, int r) {
        return sequences.position(r) + 1.0;
    }

    /** What the sum of the rows that count is multiplied by. */
    private double factor(Pooling.Method method, Sequences sequences, int i) {
        int begin = begin(method, sequences, i);
        int end = end(method, sequences, i);
        if (method == Pooling.Method.WEIGHTED_MEAN) {
            double weights = 0;
            for (int r = begin; r < end; r++) {
                weights += weight(sequences, r);
            }
            return 1 / weights;
        }
        double rows = end - begin;
        return 1 / (method == Pooling.Method.MEAN_SQRT_LENGTH ? Math.sqrt(rows) : rows);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        Sequences sequences = batch.sequences();
        INDArray xGradient = scratch.take(sequences.tokens(), width);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory results = new ArrayMemory(xGradient);
        for (int i = 0; i < sequences.count(); i++) {
            for (int k = 0; k < methods.size(); k++) {
                factors[k] = factor(methods.get(k), sequences, i);
            }
            for (int r = sequences.start(i); r < sequences.start(i + 1); r++) {
                math.clear(sum, width);
                for (int k = 0; k < methods.size(); k++) {
                    math.read(given, (i * methods.size() + k) * width, row, width);
                    addGradient(methods.get(k), sequences, i, r, factors[k]);
                }
                math.write(results, r * width, sum, width);
            }
        }
        return xGradient;
    }

    /** Adds what one method gives to the gradient of one row. */
    private void addGradient(Pooling.Method method, Sequences sequences, int i, int r, double factor) {
        if (r < begin(method, sequences, i) || r >= end(method, sequences, i)) {
            return;
        }
        if (method == Pooling.Method.MAX) {
            math.addWhere(largest, i * width, r, row, sum, width);
        } else {
            math.addScaled(
                    method == Pooling.Method.WEIGHTED_MEAN ? factor * weight(sequences, r) : factor, row, sum, width);
        }
    }
}
