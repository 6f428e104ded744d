package org.lora4j.nn.attention.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.attention.internal.HeadProducts.MatrixBuffer;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the differences of positions add to the scores of one head of a sequence: a bias, {@code s·qᵢ·K[c]} and {@code s·kⱼ·Q[c]}
 * with {@code c = row(i − j)}. The products are computed for all rows c that the sequence needs, and each score takes those of
 * its own. It belongs to one thread at a time.
 */
final class RelativeScores<A> {
    private final RelativePositions positions;
    private final RowMath<A> math;
    private final int size;
    private final MatrixBuffer keys;
    private final MatrixBuffer queries;
    private final MatrixBuffer ofKeys;
    private final MatrixBuffer ofQueries;
    private final MatrixBuffer gradients;
    private final Gemm product;
    private final Gemm addition;
    private final Gemm sum;

    private RelativeInputs inputs = new RelativeInputs(0, 0, null, null, null);
    private int n;
    private int m;

    /** The sequence that {@link #rows} are of: the heads of one sequence come after each other. */
    private @Nullable AttentionSequence current;

    /** For each pair of a query and a key, its row c, from the first row of the inputs on. */
    private int[] rows = new int[0];

    /** The rows c of one query, and their places in the products with keys. */
    private int[] columns = new int[0];

    private int[] places = new int[0];

    // The products with the queries of one row, those with all keys, and the bias of each row; or their gradients.
    private A ofQuery;
    private A ofAllKeys;
    private A bias;
    private final A vector;
    private final A known;

    RelativeScores(RelativePositions positions, int size, double scale, RowMath<A> math, DataType dataType) {
        this.positions = positions;
        this.math = math;
        this.size = size;
        keys = new MatrixBuffer(dataType);
        queries = new MatrixBuffer(dataType);
        ofKeys = new MatrixBuffer(dataType);
        ofQueries = new MatrixBuffer(dataType);
        gradients = new MatrixBuffer(dataType);
        product = new Gemm(false, true, scale, 0);
        addition = new Gemm(false, false, scale, 1);
        sum = new Gemm(true, false, scale, 0);
        ofQuery = math.array(0);
        ofAllKeys = math.array(0);
        bias = math.array(0);
        vector = math.array(size);
        known = math.array(size);
    }

    /**
     * Computes the products of a head. Each call of a layer has sequences of its own, so the same object means the same rows.
     *
     * @param q the queries {@code [n, d]}
     * @param k the keys {@code [m, d]}
     */
    @SuppressWarnings("ReferenceEquality") // An equal one of another call can have another first row.
    void begin(AttentionSequence of, int head, RelativeInputs all, MatrixBuffer.Matrix q, MatrixBuffer.Matrix k) {
        inputs = all;
        n = of.queries();
        m = of.keys();
        int each = all.each();
        makeRoom(each);
        if (current != of) {
            findRows(of);
            current = of;
        }
        int from = of.segment() * each;
        if (all.bias() != null) {
            for (int c = 0; c < each; c++) {
                math.read(all.bias().memory(), all.bias().position(from + c, head), vector, 1);
                math.copy(vector, 0, bias, c, 1);
            }
        }
        if (all.keys() != null) {
            MatrixBuffer.Matrix loaded = load(all.keys(), from, head, keys);
            product.run(q.array(), loaded.array(), ofKeys.of(0, n, each).array());
        }
        if (all.queries() != null) {
            MatrixBuffer.Matrix loaded = load(all.queries(), from, head, queries);
            MatrixBuffer.Matrix result = ofQueries.of(0, m, each);
            product.run(k.array(), loaded.array(), result.array());
            math.read(result.memory(), 0, ofAllKeys, m * each);
        }
    }

    private void makeRoom(int each) {
        if (columns.length < m) {
            columns = new int[m];
            places = new int[m];
        }
        if (math.length(ofAllKeys) < m * each) {
            ofAllKeys = math.array(m * each);
        }
        if (math.length(bias) < each) {
            bias = math.array(each);
            ofQuery = math.array(each);
        }
    }

    private void findRows(AttentionSequence of) {
        if (rows.length < n * m) {
            rows = new int[n * m];
        }
        Sequences all = of.all();
        int start = all.position(of.start());
        int largest = all.position(of.firstKey() + m - 1) - start;
        int[] byDifference = new int[2 * largest + 1];
        for (int d = -largest; d <= largest; d++) {
            byDifference[d + largest] = positions.row(d) - inputs.first();
        }
        for (int i = 0; i < n; i++) {
            int shift = all.position(of.firstQuery() + i) + largest;
            for (int j = 0; j < m; j++) {
                rows[i * m + j] = byDifference[shift - all.position(of.firstKey() + j)];
            }
        }
    }

    private MatrixBuffer.Matrix load(HeadColumns columnsOfHeads, int from, int head, MatrixBuffer buffer) {
        MatrixBuffer.Matrix target = buffer.of(0, inputs.each(), size);
        for (int c = 0; c < inputs.each(); c++) {
            columnsOfHeads.memory().copy(columnsOfHeads.position(from + c, head), target.memory(), c * size, size);
        }
        return target;
    }

    /** Finds the rows and places of a query. */
    private void select(int i) {
        System.arraycopy(rows, i * m, columns, 0, m);
        for (int j = 0; j < m; j++) {
            places[j] = j * inputs.each() + columns[j];
        }
    }

    /** Adds to the scores of the i-th query with all keys. */
    void add(A scores, int i) {
        select(i);
        if (inputs.bias() != null) {
            math.addGathered(bias, columns, scores, m);
        }
        if (inputs.keys() != null) {
            int each = inputs.each();
            math.read(ofKeys.of(0, n, each).memory(), i * each, ofQuery, each);
            math.addGathered(ofQuery, columns, scores, m);
        }
        if (inputs.queries() != null) {
            math.addGathered(ofAllKeys, places, scores, m);
        }
    }

    /** Begins the gradients of the head that {@link #begin} was called for. */
    void beginGradients() {
        math.clear(bias, inputs.each());
        math.clear(ofAllKeys, m * inputs.each());
    }

    /** Takes the gradients of the scores of the i-th query. */
    void addGradient(A scores, int i) {
        select(i);
        int each = inputs.each();
        if (inputs.bias() != null) {
            math.addScattered(scores, columns, bias, m);
        }
        if (inputs.keys() != null) {
            math.clear(ofQuery, each);
            math.addScattered(scores, columns, ofQuery, m);
            math.write(ofKeys.of(0, n, each).memory(), i * each, ofQuery, each);
        }
        if (inputs.queries() != null) {
            math.addScattered(scores, places, ofAllKeys, m);
        }
    }

    /**
     * Computes the gradients of the head.
     *
     * @param q the queries
     * @param k the keys
     * @param qGradient the gradient of the queries is added to it; null if it is not needed
     * @param kGradient the gradient of the keys is added to it; null if it is not needed
     * @param of the gradients of the inputs are added to these; null if they are not needed
     */
    void endGradients(
            AttentionSequence sequence,
            int head,
            MatrixBuffer.Matrix q,
            MatrixBuffer.Matrix k,
            MatrixBuffer.@Nullable Matrix qGradient,
            MatrixBuffer.@Nullable Matrix kGradient,
            @Nullable RelativeInputs of) {
        int each = inputs.each();
        int from = sequence.segment() * each;
        if (inputs.keys() != null) {
            MatrixBuffer.Matrix gradient = ofKeys.of(0, n, each);
            if (qGradient != null) {
                addition.run(gradient.array(), keys.of(0, each, size).array(), qGradient.array());
            }
            if (of != null && of.keys() != null) {
                addTo(of.keys(), gradient, q, from, head);
            }
        }
        if (inputs.queries() != null) {
            MatrixBuffer.Matrix gradient = ofQueries.of(0, m, each);
            math.write(gradient.memory(), 0, ofAllKeys, m * each);
            if (kGradient != null) {
                addition.run(gradient.array(), queries.of(0, each, size).array(), kGradient.array());
            }
            if (of != null && of.queries() != null) {
                addTo(of.queries(), gradient, k, from, head);
            }
        }
        if (of != null && of.bias() != null) {
            ArrayMemory target = of.bias().memory();
            for (int c = 0; c < each; c++) {
                int position = of.bias().position(from + c, head);
                math.read(target, position, vector, 1);
                math.shift(math.get(bias, c), vector, 1);
                math.write(target, position, vector, 1);
            }
        }
    }

    /** Adds {@code s·gradientᵀ·x} to the heads of a segment. */
    private void addTo(HeadColumns target, MatrixBuffer.Matrix gradient, MatrixBuffer.Matrix x, int from, int head) {
        MatrixBuffer.Matrix result = gradients.of(0, inputs.each(), size);
        sum.run(gradient.array(), x.array(), result.array());
        for (int c = 0; c < inputs.each(); c++) {
            int position = target.position(from + c, head);
            math.read(result.memory(), c * size, vector, size);
            math.read(target.memory(), position, known, size);
            math.add(known, vector, size);
            math.write(target.memory(), position, vector, size);
        }
    }
}
