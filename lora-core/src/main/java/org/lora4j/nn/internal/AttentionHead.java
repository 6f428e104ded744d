package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.RowMath;

/** Computes one head of an attention for one sequence, {@code softmax(Q·Kᵀ/√d)·V}. It belongs to one thread at a time. */
final class AttentionHead<A> {
    private final RowMath<A> math;
    private final int size;
    private final double dropout;
    private final SequenceSeeds seeds;
    private final HeadProducts products;
    private A row;
    private A gradientRow;

    /**
     * A head of a sequence. Masked tokens come first; they are no keys.
     *
     * @param first the first row of the sequence
     * @param n the number of its tokens
     * @param m the number of its keys
     * @param offset where its weights {@code [n, m]} are kept
     */
    record Task(int sequence, int head, int first, int n, int m, int offset) {
        int firstKey() {
            return first + n - m;
        }
    }

    /**
     * Creates a computation.
     *
     * @param size the number of dimensions of a head
     * @param dropout the probability with which a weight is dropped
     * @param seeds those of the batch; read only
     * @param products used only while a method of this object runs
     */
    AttentionHead(int size, double dropout, SequenceSeeds seeds, RowMath<A> math, HeadProducts products) {
        this.size = size;
        this.dropout = dropout;
        this.seeds = seeds;
        this.math = math;
        this.products = products;
        row = math.array(0);
        gradientRow = math.array(0);
    }

    /**
     * Computes the head.
     *
     * @param contexts gets the result in its columns
     * @param kept gets the weights before dropout; null if they are not needed
     */
    void forward(Task task, HeadInputs all, HeadColumns contexts, @Nullable A kept) {
        load(task, all);
        int n = task.n();
        int m = task.m();
        products.computeScores(n, m);
        MatrixBuffer.Matrix p = products.weights(n, m);
        for (int i = 0; i < n; i++) {
            math.read(p.memory(), i * m, row, m);
            math.softmax(row, m);
            if (kept != null) {
                math.copy(row, 0, kept, task.offset() + i * m, m);
            }
            drop(row, task, i);
            math.write(p.memory(), i * m, row, m);
        }
        products.computeContexts(p, n, m);
        write(products.contexts(n), contexts, task.first(), n, task.head());
    }

    private void load(Task task, HeadInputs all) {
        int m = task.m();
        if (math.length(row) < m) {
            row = math.array(m);
            gradientRow = math.array(m);
        }
        read(all.queries(), task.first(), task.n(), task.head(), products.queries(task.n()));
        read(all.keys(), task.firstKey(), m, task.head(), products.keys(m));
        read(all.values(), task.firstKey(), m, task.head(), products.values(m));
    }

    private void read(HeadColumns all, int first, int n, int head, MatrixBuffer.Matrix target) {
        for (int i = 0; i < n; i++) {
            all.memory().copy(all.position(first + i, head), target.memory(), i * size, size);
        }
    }

    private void write(MatrixBuffer.Matrix source, HeadColumns all, int first, int n, int head) {
        for (int i = 0; i < n; i++) {
            source.memory().copy(i * size, all.memory(), all.position(first + i, head), size);
        }
    }

    private void drop(A weights, Task task, int i) {
        if (dropout > 0) {
            math.dropout(weights, dropout, seeds.ofRow(task.sequence(), task.head(), i), task.m());
        }
    }

    /**
     * Computes the gradients of the queries, keys and values of the head.
     *
     * @param all what {@link #forward} had
     * @param contexts the gradient of its result
     * @param kept the weights that {@link #forward} kept
     * @param gradients get the gradients in its columns
     */
    void backward(Task task, HeadInputs all, HeadColumns contexts, A kept, HeadInputs gradients) {
        int n = task.n();
        int m = task.m();
        int head = task.head();
        load(task, all);
        read(contexts, task.first(), n, head, products.contexts(n));
        MatrixBuffer.Matrix p = products.weights(n, m);
        for (int i = 0; i < n; i++) {
            math.copy(kept, task.offset() + i * m, row, 0, m);
            drop(row, task, i);
            math.write(p.memory(), i * m, row, m);
        }
        products.differentiateValues(p, n, m, false);
        products.differentiateWeights(n, m);
        ArrayMemory weightGradients = products.weightGradients(n, m).memory();
        for (int i = 0; i < n; i++) {
            math.copy(kept, task.offset() + i * m, row, 0, m);
            math.read(weightGradients, i * m, gradientRow, m);
            drop(gradientRow, task, i);
            math.softmaxGradient(row, gradientRow, m);
            math.write(weightGradients, i * m, gradientRow, m);
        }
        products.differentiateQueries(n, m);
        products.differentiateKeys(n, m, false);
        write(products.queryGradients(n), gradients.queries(), task.first(), n, head);
        write(products.keyGradients(m), gradients.keys(), task.firstKey(), m, head);
        write(products.valueGradients(m), gradients.values(), task.firstKey(), m, head);
        if (head == 0 && task.firstKey() > task.first()) {
            clear(gradients.keys(), task.first());
            clear(gradients.values(), task.first());
        }
    }

    /** A masked row is no key, so its gradient is 0. */
    private void clear(HeadColumns gradients, int rowNumber) {
        math.write(gradients.memory(), rowNumber * gradients.width(), math.array(gradients.width()), gradients.width());
    }
}
