package org.lora4j.nn.internal;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.CausalSelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The heads of a causal attention, {@code softmax(Q·Kᵀ/√d)·V} over the tokens up to each one. One product computes all heads
 * that share keys and values, for a block of tokens and the keys up to the last of them. The weights are not kept: backward
 * computes them again.
 */
final class CausalHeads<A> {
    /** Larger blocks compute more weights that are 0, smaller ones need more products. */
    private static final int BLOCK = 128;

    private final RowMath<A> math;
    private final SequenceSeeds seeds;
    private final int groups;
    private final int groupSize;
    private final int size;
    private final double dropout;
    private final HeadRows<A> queryRows;
    private final HeadRows<A> keyRows;
    private final HeadRows<A> valueRows;

    private final CausalSelfAttention layer;
    private final CachedRows<A> cachedRows;

    private final MatrixBuffer q;
    private final MatrixBuffer k;
    private final MatrixBuffer v;
    private final MatrixBuffer c;
    private final MatrixBuffer qGradient;
    private final MatrixBuffer kGradient;
    private final MatrixBuffer vGradient;
    private final MatrixBuffer weights;
    private final MatrixBuffer droppedWeights;
    private final MatrixBuffer weightGradients;

    private final Gemm scores;
    private final Gemm mix = new Gemm(false, false, 1, 0);
    private final Gemm weightGradientProduct = new Gemm(false, true, 1, 0);
    private final Gemm qGradientProduct;
    private final Gemm kGradientProduct;
    private final Gemm kGradientAddition;
    private final Gemm vGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm vGradientAddition = new Gemm(true, false, 1, 1);

    private A row;
    private A gradientRow;
    private A zeros;

    // What forward keeps for backward.
    private @Nullable Segments batch;
    private @Nullable Inputs inputs;

    /** Queries, keys and values of all tokens, or their gradients. */
    record Inputs(HeadColumns queries, HeadColumns keys, HeadColumns values) {}

    /** Which gradients are needed. */
    record Wanted(boolean queries, boolean keys, boolean values) {}

    /**
     * The tokens {@code [from, to)} of a sequence for the heads that share keys and values.
     *
     * @param first the row of the first token of the sequence that is not masked
     * @param past the number of tokens before them, of which only keys and values are known
     */
    private record Block(int sequence, int group, int first, int past, int from, int to) {
        int length() {
            return to - from;
        }

        /** The number of keys up to the last token. */
        int keys() {
            return past + to;
        }
    }

    CausalHeads(CausalSelfAttention layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        seeds = new SequenceSeeds(LayerSeed.of(layer.seed(), layer.path()), layer.heads());
        groups = layer.keyValueHeads();
        groupSize = layer.heads() / groups;
        size = layer.headSize();
        dropout = resources.isTraining() ? layer.dropout() : 0;
        queryRows = new HeadRows<>(size, layer.queryNorm(), layer.rotary(), math);
        keyRows = new HeadRows<>(size, layer.keyNorm(), layer.rotary(), math);
        valueRows = new HeadRows<>(size, null, null, math);
        cachedRows = new CachedRows<>(layer, queryRows, keyRows, valueRows, math);
        q = resources.buffers().matrix();
        k = resources.buffers().matrix();
        v = resources.buffers().matrix();
        c = resources.buffers().matrix();
        qGradient = resources.buffers().matrix();
        kGradient = resources.buffers().matrix();
        vGradient = resources.buffers().matrix();
        weights = resources.buffers().matrix();
        droppedWeights = resources.buffers().matrix();
        weightGradients = resources.buffers().matrix();
        double scale = 1 / Math.sqrt(size);
        scores = new Gemm(false, true, scale, 0);
        qGradientProduct = new Gemm(false, false, scale, 0);
        kGradientProduct = new Gemm(true, false, scale, 0);
        kGradientAddition = new Gemm(true, false, scale, 1);
        row = math.array(0);
        gradientRow = math.array(0);
        zeros = math.array(size);
    }

    private List<HeadRows<A>> normed() {
        return List.of(queryRows, keyRows);
    }

    boolean queriesTrain(Segments segments) {
        return queryRows.trains(segments);
    }

    boolean keysTrain(Segments segments) {
        return keyRows.trains(segments);
    }

    boolean trains(Segments segments) {
        return queriesTrain(segments) || keysTrain(segments);
    }

    /**
     * Computes the heads side by side.
     *
     * @param context gets the heads {@code [tokens, h·d]}
     */
    void forward(Segments segments, Inputs all, HeadColumns context) {
        batch = segments;
        inputs = all;
        if (dropout > 0) {
            seeds.bind(segments);
        }
        for (int i = 0; i < segments.count(); i++) {
            Segment segment = segments.get(i);
            normed().forEach(rows -> rows.bind(segment));
            for (int s = segments.start(i, false); s < segments.start(i + 1, false); s++) {
                forward(segments.sequences(), s, segments.cache(s), all, context);
            }
        }
    }

    private void forward(Sequences sequences, int s, @Nullable KeyValueCache cache, Inputs all, HeadColumns context) {
        int past = cache == null ? 0 : cache.length();
        int n = begin(sequences, s);
        int first = sequences.start(s) + sequences.masked(s);
        clearMasked(sequences, s, context);
        LayerCache<A> known = cache == null ? null : cache.of(layer);
        if (known != null && past > 0 && n <= CachedRows.MOST) {
            cachedRows.forward(known, past, first, n, all, context);
            return;
        }
        for (int g = 0; g < groups; g++) {
            loadKeysAndValues(all, first, n, g, past, known);
            for (int from = 0; from < n; from += BLOCK) {
                Block block = new Block(s, g, first, past, from, Math.min(n, from + BLOCK));
                INDArray p = computeWeights(block, all.queries());
                MatrixBuffer.Matrix mixed = c.of(groupSize * block.length(), size);
                mix.run(p, v.of(block.keys(), size).array(), mixed.array());
                forEachRow(
                        block,
                        (r, i, head) -> mixed.memory()
                                .copy(r * size, context.memory(), context.position(first + i, head), size));
            }
        }
    }

    /** Prepares for a sequence, and returns the number of its tokens that are not masked. */
    private int begin(Sequences sequences, int s) {
        int n = sequences.length(s) - sequences.masked(s);
        int first = sequences.start(s) + sequences.masked(s);
        queryRows.begin(sequences, first, n);
        keyRows.begin(sequences, first, n);
        return n;
    }

    /** The heads of a masked row, and their gradients, are 0. */
    private void clearMasked(Sequences sequences, int s, HeadColumns columns) {
        int width = columns.width();
        if (sequences.masked(s) > 0) {
            math.write(columns.memory(), sequences.start(s) * width, math.array(width), width);
        }
    }

    /** Loads those of a cache, if there is one, and then those of this batch, which are added to the cache. */
    private void loadKeysAndValues(Inputs all, int first, int n, int group, int past, @Nullable LayerCache<A> cache) {
        if (math.length(row) < past + n) {
            row = math.array(past + n);
            gradientRow = math.array(past + n);
            zeros = math.array(past + n);
        }
        ArrayMemory keys = k.of(past + n, size).memory();
        ArrayMemory values = v.of(past + n, size).memory();
        for (int i = 0; i < n; i++) {
            keyRows.load(all.keys(), first, i, group, keys, (past + i) * size);
            valueRows.load(all.values(), first, i, group, values, (past + i) * size);
        }
        if (cache != null) {
            cachedRows.exchange(cache, group, past, n, keys, values);
        }
    }

    /** A row of the matrices of a block: of a token of a sequence, for one of the heads. */
    @FunctionalInterface
    private interface BlockRow {
        void accept(int r, int i, int head);
    }

    private void forEachRow(Block block, BlockRow action) {
        int r = 0;
        for (int j = 0; j < groupSize; j++) {
            for (int i = block.from(); i < block.to(); i++) {
                action.accept(r++, i, block.group() * groupSize + j);
            }
        }
    }

    /** Computes the attention weights of a block, {@code [heads·tokens, keys]}. In training some are dropped. */
    private INDArray computeWeights(Block block, HeadColumns queries) {
        int rows = groupSize * block.length();
        int m = block.keys();
        MatrixBuffer.Matrix loaded = q.of(rows, size);
        forEachRow(block, (r, i, head) -> queryRows.load(queries, block.first(), i, head, loaded.memory(), r * size));
        MatrixBuffer.Matrix p = weights.of(rows, m);
        MatrixBuffer.Matrix dropped = dropout > 0 ? droppedWeights.of(rows, m) : p;
        scores.run(loaded.array(), k.of(m, size).array(), p.array());
        forEachRow(block, (r, i, head) -> {
            int seen = block.past() + i + 1;
            math.read(p.memory(), r * m, row, seen);
            math.softmax(row, seen);
            write(p.memory(), row, r, seen, m);
            if (dropout > 0) {
                math.dropout(row, dropout, seeds.ofRow(block.sequence(), head, i), i + 1);
                write(dropped.memory(), row, r, seen, m);
            }
        });
        return dropped.array();
    }

    /** Writes the weights of the keys up to a token; those of the keys behind it are 0. */
    private void write(ArrayMemory target, A weightsOfRow, int r, int seen, int m) {
        math.write(target, r * m, weightsOfRow, seen);
        math.write(target, r * m + seen, zeros, m - seen);
    }

    /**
     * Computes the gradients of queries, keys and values.
     *
     * @param context the gradient of the heads
     * @param gradients get the gradients; those that are not wanted are not written to
     */
    void backward(HeadColumns context, Inputs gradients, Wanted wanted) {
        Segments segments = Objects.requireNonNull(batch);
        for (int i = 0; i < segments.count(); i++) {
            Segment segment = segments.get(i);
            normed().forEach(rows -> rows.bind(segment));
            normed().forEach(HeadRows::beginGradients);
            backward(
                    segments.sequences(),
                    segments.start(i, false),
                    segments.start(i + 1, false),
                    context,
                    gradients,
                    wanted);
            normed().forEach(HeadRows::endGradients);
        }
    }

    private void backward(
            Sequences sequences, int begin, int end, HeadColumns context, Inputs gradients, Wanted wanted) {
        Inputs all = inputs();
        for (int s = begin; s < end; s++) {
            int n = begin(sequences, s);
            int first = sequences.start(s) + sequences.masked(s);
            clearMasked(sequences, s, gradients.queries());
            clearMasked(sequences, s, gradients.keys());
            clearMasked(sequences, s, gradients.values());
            for (int g = 0; g < groups; g++) {
                loadKeysAndValues(all, first, n, g, 0, null);
                // From the last block on, whose gradients are those of all keys; the others are added.
                for (int from = (n - 1) / BLOCK * BLOCK; from >= 0; from -= BLOCK) {
                    Block block = new Block(s, g, first, 0, from, Math.min(n, from + BLOCK));
                    differentiate(block, block.to() == n, context, gradients.queries(), wanted);
                }
                storeKeysAndValues(gradients, first, n, g, wanted);
            }
        }
    }

    private void differentiate(
            Block block, boolean isLast, HeadColumns context, HeadColumns queryGradients, Wanted wanted) {
        int rows = groupSize * block.length();
        int m = block.to();
        HeadColumns queries = inputs().queries();
        INDArray p = computeWeights(block, queries);
        MatrixBuffer.Matrix cGradient = c.of(rows, size);
        forEachRow(
                block,
                (r, i, head) -> context.memory()
                        .copy(context.position(block.first() + i, head), cGradient.memory(), r * size, size));
        if (wanted.values()) {
            Gemm product = isLast ? vGradientProduct : vGradientAddition;
            product.run(p, cGradient.array(), vGradient.of(m, size).array());
        }
        if (!wanted.queries() && !wanted.keys()) {
            return;
        }
        MatrixBuffer.Matrix pGradient = weightGradients.of(rows, m);
        weightGradientProduct.run(cGradient.array(), v.of(m, size).array(), pGradient.array());
        ArrayMemory kept = weights.of(rows, m).memory();
        forEachRow(block, (r, i, head) -> {
            math.read(kept, r * m, row, i + 1);
            math.read(pGradient.memory(), r * m, gradientRow, i + 1);
            if (dropout > 0) {
                math.dropout(gradientRow, dropout, seeds.ofRow(block.sequence(), head, i), i + 1);
            }
            math.softmaxGradient(row, gradientRow, i + 1);
            write(pGradient.memory(), gradientRow, r, i + 1, m);
        });
        if (wanted.keys()) {
            Gemm product = isLast ? kGradientProduct : kGradientAddition;
            product.run(
                    pGradient.array(),
                    q.of(rows, size).array(),
                    kGradient.of(m, size).array());
        }
        if (wanted.queries()) {
            MatrixBuffer.Matrix gradient = qGradient.of(rows, size);
            qGradientProduct.run(pGradient.array(), k.of(m, size).array(), gradient.array());
            forEachRow(
                    block,
                    (r, i, head) -> queryRows.store(
                            gradient.memory(), r * size, queries, queryGradients, block.first(), i, head));
        }
    }

    private Inputs inputs() {
        return Objects.requireNonNull(inputs, "backward needs a forward before it");
    }

    private void storeKeysAndValues(Inputs gradients, int first, int n, int group, Wanted wanted) {
        ArrayMemory keys = kGradient.of(n, size).memory();
        ArrayMemory values = vGradient.of(n, size).memory();
        for (int i = 0; i < n; i++) {
            if (wanted.keys()) {
                keyRows.store(keys, i * size, inputs().keys(), gradients.keys(), first, i, group);
            }
            if (wanted.values()) {
                valueRows.store(values, i * size, inputs().values(), gradients.values(), first, i, group);
            }
        }
    }
}
