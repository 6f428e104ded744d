package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The heads of an attention, {@code softmax(Q·Kᵀ/√d)·V} for each sequence and head. It copies the part of one head to a small
 * matrix, because products of parts of a wide one are slow. In training it keeps the attention weights.
 */
final class AttentionHeads<A> {
    private final RowMath<A> math;
    private final boolean training;
    private final int heads;
    private final int size;
    private final int width;
    private final double dropout;
    private final SequenceSeeds seeds;

    private final HeadBuffer q;
    private final HeadBuffer k;
    private final HeadBuffer v;
    private final HeadBuffer c;
    private final HeadBuffer qGradient;
    private final HeadBuffer kGradient;
    private final HeadBuffer vGradient;
    private final MatrixBuffer weights;
    private final MatrixBuffer weightGradients;

    private final Gemm scores;
    private final Gemm mix = new Gemm(false, false, 1, 0);
    private final Gemm vGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm weightGradientProduct = new Gemm(false, true, 1, 0);
    private final Gemm qGradientProduct;
    private final Gemm kGradientProduct;

    // What forward keeps for backward.
    private @Nullable Sequences batch;
    private @Nullable INDArray queries;
    private @Nullable INDArray keys;
    private @Nullable INDArray values;
    private final HeapBuffer<A> kept;
    private A row;
    private A gradientRow;

    /** The rows of one head of one sequence, {@code [t, d]}. */
    private final class HeadBuffer {
        private final MatrixBuffer buffer;

        HeadBuffer(PassResources resources) {
            buffer = resources.buffers().matrix();
        }

        INDArray rows(int n) {
            return buffer.of(n, size).array();
        }

        INDArray read(ArrayMemory all, int first, int n, int head) {
            MatrixBuffer.Matrix target = buffer.of(n, size);
            for (int i = 0; i < n; i++) {
                all.copy((first + i) * width + head * size, target.memory(), i * size, size);
            }
            return target.array();
        }

        void write(ArrayMemory all, int first, int n, int head) {
            ArrayMemory source = buffer.of(n, size).memory();
            for (int i = 0; i < n; i++) {
                source.copy(i * size, all, (first + i) * width + head * size, size);
            }
        }
    }

    AttentionHeads(SelfAttention layer, RowMath<A> math, PassResources resources) {
        this.math = math;
        training = resources.isTraining();
        heads = layer.heads();
        width = Math.toIntExact(layer.query().outputSize());
        size = width / heads;
        dropout = training ? layer.dropout() : 0;
        seeds = new SequenceSeeds(LayerSeed.of(layer.seed(), layer.path()), heads);
        q = new HeadBuffer(resources);
        k = new HeadBuffer(resources);
        v = new HeadBuffer(resources);
        c = new HeadBuffer(resources);
        qGradient = new HeadBuffer(resources);
        kGradient = new HeadBuffer(resources);
        vGradient = new HeadBuffer(resources);
        weights = resources.buffers().matrix();
        weightGradients = resources.buffers().matrix();
        double scale = 1 / Math.sqrt(size);
        scores = new Gemm(false, true, scale, 0);
        qGradientProduct = new Gemm(false, false, scale, 0);
        kGradientProduct = new Gemm(true, false, scale, 0);
        kept = resources.buffers().heap(math);
        row = math.array(0);
        gradientRow = math.array(0);
    }

    /** Computes the heads side by side, {@code context [tokens, dim]}. */
    void forward(Segments segments, INDArray allQueries, INDArray allKeys, INDArray allValues, INDArray context) {
        Sequences sequences = segments.sequences();
        batch = sequences;
        queries = allQueries;
        keys = allKeys;
        values = allValues;
        if (training) {
            reserve(sequences);
        }
        if (dropout > 0) {
            seeds.bind(segments);
        }
        ArrayMemory qAll = new ArrayMemory(allQueries);
        ArrayMemory kAll = new ArrayMemory(allKeys);
        ArrayMemory vAll = new ArrayMemory(allValues);
        ArrayMemory cAll = new ArrayMemory(context);
        int offset = 0;
        for (int s = 0; s < sequences.count(); s++) {
            int first = sequences.start(s);
            int n = sequences.length(s);
            int firstKey = first + sequences.masked(s);
            int m = n - sequences.masked(s);
            requireRows(m);
            for (int h = 0; h < heads; h++) {
                INDArray p = weights.of(n, m).array();
                scores.run(q.read(qAll, first, n, h), k.read(kAll, firstKey, m, h), p);
                softmax(n, m, offset, s, h);
                mix.run(p, v.read(vAll, firstKey, m, h), c.rows(n));
                c.write(cAll, first, n, h);
                offset += n * m;
            }
        }
    }

    private void reserve(Sequences sequences) {
        long length = 0;
        for (int s = 0; s < sequences.count(); s++) {
            length += (long) heads * sequences.length(s) * (sequences.length(s) - sequences.masked(s));
        }
        kept.reserve(Math.toIntExact(length));
    }

    private void requireRows(int m) {
        if (math.length(row) < m) {
            row = math.array(m);
            gradientRow = math.array(m);
        }
    }

    /** Makes weights of the scores, keeps them for the gradient, and drops some. */
    private void softmax(int n, int m, int offset, int sequence, int head) {
        ArrayMemory p = weights.of(n, m).memory();
        for (int i = 0; i < n; i++) {
            math.read(p, i * m, row, m);
            math.softmax(row, m);
            if (training) {
                math.copy(row, 0, kept.array(), offset + i * m, m);
            }
            if (dropout > 0) {
                math.dropout(row, dropout, seeds.ofRow(sequence, head, i), m);
            }
            math.write(p, i * m, row, m);
        }
    }

    /** Computes the gradients of queries, keys and values from that of the context; all are {@code [tokens, dim]}. */
    void backward(INDArray contextGradient, INDArray allQGradients, INDArray allKGradients, INDArray allVGradients) {
        if (batch == null || queries == null || keys == null || values == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        Sequences sequences = batch;
        ArrayMemory qAll = new ArrayMemory(queries);
        ArrayMemory kAll = new ArrayMemory(keys);
        ArrayMemory vAll = new ArrayMemory(values);
        ArrayMemory cAll = new ArrayMemory(contextGradient);
        ArrayMemory qResults = new ArrayMemory(allQGradients);
        ArrayMemory kResults = new ArrayMemory(allKGradients);
        ArrayMemory vResults = new ArrayMemory(allVGradients);
        int offset = 0;
        for (int s = 0; s < sequences.count(); s++) {
            int first = sequences.start(s);
            int n = sequences.length(s);
            int firstKey = first + sequences.masked(s);
            int m = n - sequences.masked(s);
            if (firstKey > first) {
                clear(kResults, first);
                clear(vResults, first);
            }
            for (int h = 0; h < heads; h++) {
                INDArray p = weights.of(n, m).array();
                restoreWeights(n, m, offset, s, h);
                INDArray cGradient = c.read(cAll, first, n, h);
                vGradientProduct.run(p, cGradient, vGradient.rows(m));
                vGradient.write(vResults, firstKey, m, h);
                INDArray pGradient = weightGradients.of(n, m).array();
                weightGradientProduct.run(cGradient, v.read(vAll, firstKey, m, h), pGradient);
                softmaxGradient(n, m, offset, s, h);
                qGradientProduct.run(pGradient, k.read(kAll, firstKey, m, h), qGradient.rows(n));
                qGradient.write(qResults, first, n, h);
                kGradientProduct.run(pGradient, q.read(qAll, first, n, h), kGradient.rows(m));
                kGradient.write(kResults, firstKey, m, h);
                offset += n * m;
            }
        }
    }

    /** A masked row is no key, so its gradient is 0. */
    private void clear(ArrayMemory gradients, int rowNumber) {
        A zeros = math.array(width);
        math.write(gradients, rowNumber * width, zeros, width);
    }

    private void restoreWeights(int n, int m, int offset, int sequence, int head) {
        ArrayMemory p = weights.of(n, m).memory();
        for (int i = 0; i < n; i++) {
            math.copy(kept.array(), offset + i * m, row, 0, m);
            if (dropout > 0) {
                math.dropout(row, dropout, seeds.ofRow(sequence, head, i), m);
            }
            math.write(p, i * m, row, m);
        }
    }

    private void softmaxGradient(int n, int m, int offset, int sequence, int head) {
        ArrayMemory g = weightGradients.of(n, m).memory();
        for (int i = 0; i < n; i++) {
            math.copy(kept.array(), offset + i * m, row, 0, m);
            math.read(g, i * m, gradientRow, m);
            if (dropout > 0) {
                math.dropout(gradientRow, dropout, seeds.ofRow(sequence, head, i), m);
            }
            math.softmaxGradient(row, gradientRow, m);
            math.write(g, i * m, gradientRow, m);
        }
    }
}
