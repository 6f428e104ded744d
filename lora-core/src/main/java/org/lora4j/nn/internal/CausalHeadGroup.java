package org.lora4j.nn.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.layer.CausalSelfAttention;

/**
 * Computes the heads of a causal attention that share keys and values, {@code softmax(Q·Kᵀ/√d)·V} over the tokens up to each
 * one of a sequence. One product computes all of them, for a block of tokens and the keys up to the last of them. The weights
 * are not kept: backward computes them again. It belongs to one thread at a time.
 */
final class CausalHeadGroup<A> {
    /** Larger blocks compute more weights that are 0, smaller ones need more products. */
    private static final int BLOCK = 128;

    private final CausalSelfAttention layer;
    private final RowMath<A> math;
    private final SequenceSeeds seeds;
    private final HeadProducts products;
    private final int groupSize;
    private final int size;
    private final double dropout;
    private final HeadRows<A> queryRows;
    private final HeadRows<A> keyRows;
    private final HeadRows<A> valueRows;
    private final CachedRows<A> cachedRows;

    private A row;
    private A gradientRow;
    private A zeros;

    /** The sequence that the rows are prepared for. Each call of the layer has others. */
    private CausalHeads.@Nullable Sequence current;

    /**
     * The tokens {@code [from, to)} of a sequence.
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

    /**
     * Creates a computation.
     *
     * @param dropout the probability with which a weight is dropped
     * @param seeds those of the batch; read only
     * @param products used only while a method of this object runs
     */
    CausalHeadGroup(
            CausalSelfAttention layer, double dropout, SequenceSeeds seeds, RowMath<A> math, HeadProducts products) {
        this.layer = layer;
        this.dropout = dropout;
        this.seeds = seeds;
        this.math = math;
        this.products = products;
        groupSize = layer.heads() / layer.keyValueHeads();
        size = layer.headSize();
        queryRows = new HeadRows<>(size, layer.queryNorm(), layer.rotary(), math);
        keyRows = new HeadRows<>(size, layer.keyNorm(), layer.rotary(), math);
        valueRows = new HeadRows<>(size, null, null, math);
        cachedRows = new CachedRows<>(layer, queryRows, keyRows, valueRows, math);
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

    /** Prepares for the gradients of the normalizations of a segment. */
    void beginGradients(Segment segment) {
        normed().forEach(rows -> rows.bind(segment));
        normed().forEach(rows -> rows.beginGradients(segment));
    }

    /** Writes the gradients of the normalizations of the segment. */
    void endGradients() {
        normed().forEach(HeadRows::endGradients);
    }

    /** Prepares for a sequence, and for a group of it. Masked rows are 0. */
    @SuppressWarnings("ReferenceEquality") // An equal one of another call can have other weights.
    private void begin(CausalHeads.Sequence of, int group, HeadColumns... results) {
        if (current != of) {
            normed().forEach(rows -> rows.bind(of.segments().get(of.segment())));
            queryRows.begin(of.all(), of.first(), of.length());
            keyRows.begin(of.all(), of.first(), of.length());
            current = of;
        }
        if (group == 0 && of.all().masked(of.number()) > 0) {
            for (HeadColumns columns : results) {
                int width = columns.width();
                math.write(columns.memory(), of.all().start(of.number()) * width, math.array(width), width);
            }
        }
    }

    /**
     * Computes the heads of one group.
     *
     * @param context gets the heads {@code [tokens, h·d]}
     */
    void forward(CausalHeads.Sequence of, int group, HeadInputs all, HeadColumns context) {
        begin(of, group, context);
        int n = of.length();
        int past = of.past();
        KeyValueCache cache = of.cache();
        LayerCache<A> known = cache == null ? null : cache.of(layer);
        if (known != null && past > 0 && n <= CachedRows.MOST) {
            cachedRows.forward(known, group, past, of.first(), n, all, context);
            return;
        }
        loadKeysAndValues(of, group, all, known);
        for (int from = 0; from < n; from += BLOCK) {
            Block block = new Block(of.number(), group, of.first(), past, from, Math.min(n, from + BLOCK));
            int rows = groupSize * block.length();
            products.computeContexts(computeWeights(block, all.queries()), rows, block.keys());
            ArrayMemory mixed = products.contexts(rows).memory();
            forEachRow(
                    block,
                    (r, i, head) ->
                            mixed.copy(r * size, context.memory(), context.position(block.first() + i, head), size));
        }
    }

    /** Loads those of a cache, if there is one, and then those of this batch, which are added to the cache. */
    private void loadKeysAndValues(CausalHeads.Sequence of, int group, HeadInputs all, @Nullable LayerCache<A> cache) {
        int n = of.length();
        int past = of.past();
        int m = past + n;
        if (math.length(row) < m) {
            row = math.array(m);
            gradientRow = math.array(m);
            zeros = math.array(m);
        }
        ArrayMemory keys = products.keys(m).memory();
        ArrayMemory values = products.values(m).memory();
        for (int i = 0; i < n; i++) {
            keyRows.load(all.keys(), of.first(), i, group, keys, (past + i) * size);
            valueRows.load(all.values(), of.first(), i, group, values, (past + i) * size);
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
    private MatrixBuffer.Matrix computeWeights(Block block, HeadColumns queries) {
        int rows = groupSize * block.length();
        int m = block.keys();
        ArrayMemory loaded = products.queries(rows).memory();
        forEachRow(block, (r, i, head) -> queryRows.load(queries, block.first(), i, head, loaded, r * size));
        products.computeScores(rows, m);
        MatrixBuffer.Matrix p = products.weights(rows, m);
        MatrixBuffer.Matrix dropped = dropout > 0 ? products.droppedWeights(rows, m) : p;
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
        return dropped;
    }

    /** Writes the weights of the keys up to a token; those of the keys behind it are 0. */
    private void write(ArrayMemory target, A weightsOfRow, int r, int seen, int m) {
        math.write(target, r * m, weightsOfRow, seen);
        math.write(target, r * m + seen, zeros, m - seen);
    }

    /**
     * Computes the gradients of the queries, keys and values of one group.
     *
     * @param all what {@link #forward} had
     * @param context the gradient of the heads
     * @param gradients get the gradients; those that are not wanted are not written to
     */
    void backward(
            CausalHeads.Sequence of,
            int group,
            HeadInputs all,
            HeadColumns context,
            HeadInputs gradients,
            CausalHeads.Wanted wanted) {
        begin(of, group, gradients.queries(), gradients.keys(), gradients.values());
        int n = of.length();
        loadKeysAndValues(of, group, all, null);
        // From the last block on, whose gradients are those of all keys; the others are added.
        for (int from = (n - 1) / BLOCK * BLOCK; from >= 0; from -= BLOCK) {
            Block block = new Block(of.number(), group, of.first(), 0, from, Math.min(n, from + BLOCK));
            differentiate(block, block.to() < n, all.queries(), context, gradients.queries(), wanted);
        }
        storeKeysAndValues(of, group, all, gradients, wanted);
    }

    private void differentiate(
            Block block,
            boolean adds,
            HeadColumns queries,
            HeadColumns context,
            HeadColumns queryGradients,
            CausalHeads.Wanted wanted) {
        int rows = groupSize * block.length();
        int m = block.to();
        MatrixBuffer.Matrix p = computeWeights(block, queries);
        ArrayMemory contextGradients = products.contexts(rows).memory();
        forEachRow(
                block,
                (r, i, head) -> context.memory()
                        .copy(context.position(block.first() + i, head), contextGradients, r * size, size));
        if (wanted.values()) {
            products.differentiateValues(p, rows, m, adds);
        }
        if (!wanted.queries() && !wanted.keys()) {
            return;
        }
        products.differentiateWeights(rows, m);
        ArrayMemory kept = products.weights(rows, m).memory();
        ArrayMemory weightGradients = products.weightGradients(rows, m).memory();
        forEachRow(block, (r, i, head) -> {
            math.read(kept, r * m, row, i + 1);
            math.read(weightGradients, r * m, gradientRow, i + 1);
            if (dropout > 0) {
                math.dropout(gradientRow, dropout, seeds.ofRow(block.sequence(), head, i), i + 1);
            }
            math.softmaxGradient(row, gradientRow, i + 1);
            write(weightGradients, gradientRow, r, i + 1, m);
        });
        if (wanted.keys()) {
            products.differentiateKeys(rows, m, adds);
        }
        if (wanted.queries()) {
            products.differentiateQueries(rows, m);
            ArrayMemory gradient = products.queryGradients(rows).memory();
            forEachRow(
                    block,
                    (r, i, head) ->
                            queryRows.store(gradient, r * size, queries, queryGradients, block.first(), i, head));
        }
    }

    private void storeKeysAndValues(
            CausalHeads.Sequence of, int group, HeadInputs all, HeadInputs gradients, CausalHeads.Wanted wanted) {
        int n = of.length();
        ArrayMemory keys = products.keyGradients(n).memory();
        ArrayMemory values = products.valueGradients(n).memory();
        for (int i = 0; i < n; i++) {
            if (wanted.keys()) {
                keyRows.store(keys, i * size, all.keys(), gradients.keys(), of.first(), i, group);
            }
            if (wanted.values()) {
                valueRows.store(values, i * size, all.values(), gradients.values(), of.first(), i, group);
            }
        }
    }
}
