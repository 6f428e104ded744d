package org.lora4j.nn.attention.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.attention.internal.HeadProducts.MatrixBuffer;
import org.lora4j.nn.batch.internal.KeyValueCache;
import org.lora4j.nn.batch.internal.LayerCache;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.SelfAttention;

/**
 * Computes the heads of an attention that share keys and values, {@code softmax(s·Q·Kᵀ)·V} over the keys that each token of a
 * sequence sees. One product computes all of them, for a block of tokens and the keys up to the last that one of them sees. It
 * belongs to one thread at a time.
 */
final class HeadGroup<A> {
    /** The tokens of a block, unless each sees all keys. Larger blocks compute more weights that are 0, smaller ones need more products. */
    private static final int BLOCK = 128;

    /** Sums of so many keys are not divided. */
    private static final int LONGEST_SUM = 2 * BLOCK;

    private final SelfAttention layer;
    private final RowMath<A> math;
    private final SequenceSeeds seeds;
    private final HeadProducts products;
    private final int groupSize;
    private final int size;
    private final double dropout;
    private final double softcap;
    private final HeadRows<A> queryRows;
    private final HeadRows<A> keyRows;
    private final HeadRows<A> valueRows;
    private final CachedRows<A> cachedRows;

    private A row;
    private A gradientRow;
    private A zeros;

    /** The sequence that the rows are prepared for. Each call of the layer has others. */
    private @Nullable AttentionSequence current;

    /**
     * The queries {@code [from, to)} of a sequence in the heads of a group.
     *
     * @param firstKey the first key that one of them sees
     * @param keys the number of keys from there to the last that one of them sees
     */
    private record Block(AttentionSequence of, int group, int from, int to, int firstKey, int keys) {
        int length() {
            return to - from;
        }

        /** The first key of the i-th query, counted from {@link #firstKey}. */
        int first(int i) {
            return of.firstSeen(i) - firstKey;
        }

        /** The number of keys that the i-th query sees. */
        int seen(int i) {
            return of.endSeen(i) - of.firstSeen(i);
        }
    }

    /** Whether a query does not see all keys, so that blocks of queries need fewer of them. */
    private static boolean isDivided(AttentionSequence of) {
        return of.causal() || of.hasWindow();
    }

    private Block block(AttentionSequence of, int group, int from) {
        // They end at the same tokens if those before them are known, so that the results have the same bits.
        int toEnd = BLOCK - (of.past() + from) % BLOCK;
        int to = isDivided(of) ? Math.min(of.queries(), from + toEnd) : of.queries();
        int firstKey = of.firstSeen(from);
        return new Block(of, group, from, to, firstKey, keys(of, of.endSeen(to - 1)) - firstKey);
    }

    /**
     * The keys of a product for those up to one of them. A long sum is divided by its length, so its bits depend on it. In a generation it is
     * therefore that of all keys that a whole block sees, of which those that are not there are 0.
     */
    private static int keys(AttentionSequence of, int end) {
        boolean isLong = of.cache() != null && !of.hasWindow() && end > LONGEST_SUM;
        return isLong ? (end + BLOCK - 1) / BLOCK * BLOCK : end;
    }

    /**
     * Creates a computation.
     *
     * @param dropout the probability with which a weight is dropped
     * @param seeds those of the batch; read only
     * @param products used only while a method of this object runs
     */
    HeadGroup(SelfAttention layer, double dropout, SequenceSeeds seeds, RowMath<A> math, HeadProducts products) {
        this.layer = layer;
        this.dropout = dropout;
        this.seeds = seeds;
        this.math = math;
        this.products = products;
        groupSize = layer.heads() / layer.keyValueHeads();
        size = layer.headSize();
        softcap = layer.softcap();
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

    /** What the differences of positions add to the scores, or null if they add nothing. */
    private @Nullable RelativeScores<A> relative() {
        return layer.relative() == null ? null : products.relative(layer.relative(), math);
    }

    /** Prepares for a sequence. */
    @SuppressWarnings("ReferenceEquality") // An equal one of another call can have other weights.
    private void begin(AttentionSequence of) {
        if (current != of) {
            normed().forEach(rows -> rows.bind(of.segments().get(of.segment())));
            queryRows.begin(of.all(), of.firstQuery(), of.queries());
            keyRows.begin(of.all(), of.firstKey(), of.keys());
            current = of;
        }
    }

    /** Writes 0 to the row of a masked token, if there is one. */
    private void clearMasked(AttentionSequence of, HeadColumns result) {
        if (of.hasMasked()) {
            int width = result.width();
            math.write(result.memory(), of.start() * width, math.array(width), width);
        }
    }

    /**
     * Computes the heads of one group.
     *
     * @param positions what is known of the differences of positions; null if they are not used
     * @param context gets the heads {@code [tokens, h·d]}
     * @param kept gets the weights before dropout; null if they are not kept
     */
    void forward(
            AttentionSequence of,
            int group,
            HeadColumns.Inputs all,
            @Nullable RelativeInputs positions,
            HeadColumns context,
            @Nullable A kept) {
        begin(of);
        if (group == 0 && of.causal()) {
            clearMasked(of, context);
        }
        int n = of.queries();
        int past = of.past();
        KeyValueCache cache = of.cache();
        LayerCache<A> known = cache == null ? null : cache.of(layer);
        if (known != null && past > 0 && n <= CachedRows.MOST) {
            cachedRows.forward(known, group, past, of.firstQuery(), n, all, context);
            return;
        }
        loadKeysAndValues(of, group, all, known);
        int from = 0;
        while (from < n) {
            Block block = block(of, group, from);
            int rows = groupSize * block.length();
            loadQueries(block, all.queries());
            beginRelative(block, positions);
            computeWeights(block, kept);
            products.computeContexts(dropped(block), rows, block.firstKey(), block.keys());
            ArrayMemory mixed = products.contexts(rows).memory();
            forEachRow(
                    block,
                    (r, i, head) ->
                            mixed.copy(r * size, context.memory(), context.position(of.firstQuery() + i, head), size));
            from = block.to();
        }
    }

    /** Such an attention has one block, and a head in each group. */
    private void beginRelative(Block block, @Nullable RelativeInputs positions) {
        RelativeScores<A> scores = relative();
        if (scores != null && positions != null) {
            scores.begin(
                    block.of(),
                    block.group(),
                    positions,
                    products.queries(block.length()),
                    products.keys(block.keys()));
        }
    }

    /** Loads those of a cache, if there is one, and then those of this batch, which are added to the cache. */
    private void loadKeysAndValues(
            AttentionSequence of, int group, HeadColumns.Inputs all, @Nullable LayerCache<A> cache) {
        int n = of.keys();
        int past = of.pastKeys();
        int m = keys(of, past + n);
        if (math.length(row) < m) {
            row = math.array(m);
            gradientRow = math.array(m);
            zeros = math.array(m);
        }
        ArrayMemory keys = products.keys(m).memory();
        ArrayMemory values = products.values(m).memory();
        for (int i = 0; i < n; i++) {
            keyRows.load(all.keys(), of.firstKey(), i, group, keys, (past + i) * size);
            valueRows.load(all.values(), of.firstKey(), i, group, values, (past + i) * size);
        }
        for (int i = past + n; i < m; i++) {
            math.write(keys, i * size, zeros, size);
            math.write(values, i * size, zeros, size);
        }
        if (cache != null) {
            cachedRows.exchange(cache, group, of.past(), past, n, keys, values);
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

    private void loadQueries(Block block, HeadColumns queries) {
        ArrayMemory loaded = products.queries(groupSize * block.length()).memory();
        forEachRow(block, (r, i, head) -> queryRows.load(queries, block.of().firstQuery(), i, head, loaded, r * size));
    }

    /** Computes the attention weights of a block, {@code [heads·tokens, keys]}. In training some are dropped. */
    private void computeWeights(Block block, @Nullable A kept) {
        int rows = groupSize * block.length();
        int m = block.keys();
        products.computeScores(rows, block.firstKey(), m);
        RelativeScores<A> relative = relative();
        ArrayMemory p = products.weights(rows, m).memory();
        forEachRow(block, (r, i, head) -> {
            int seen = block.seen(i);
            // The first token of a text that is padded on its left may see no key.
            if (seen > 0) {
                math.read(p, r * m + block.first(i), row, seen);
                if (relative != null) {
                    relative.add(row, i);
                }
                bound(block, r, i);
                math.softmax(row, seen);
            }
            write(p, row, block, r, i);
            if (kept != null) {
                math.copy(row, 0, kept, place(block, r), m);
            }
            drop(block, r, i, head);
        });
    }

    /** Bounds the scores in {@link #row}, and notes their slopes. */
    private void bound(Block block, int r, int i) {
        if (softcap != SelfAttention.NO_SOFTCAP) {
            math.softcapWithDerivative(row, row, gradientRow, softcap, block.seen(i));
            int rows = groupSize * block.length();
            write(products.slopes(rows, block.keys()).memory(), gradientRow, block, r, i);
        }
    }

    /** Loads the weights that were kept, and drops those that were dropped. */
    private void loadWeights(Block block, A kept) {
        int m = block.keys();
        ArrayMemory p = products.weights(groupSize * block.length(), m).memory();
        forEachRow(block, (r, i, head) -> {
            math.copy(kept, place(block, r), row, 0, m);
            math.write(p, r * m, row, m);
            drop(block, r, i, head);
        });
    }

    /** Where a row of the weights of a block is kept. Such a block has all queries of its sequence. */
    private int place(Block block, int r) {
        return block.of().offset() + (block.group() * groupSize * block.length() + r) * block.keys();
    }

    private void drop(Block block, int r, int i, int head) {
        if (dropout > 0) {
            math.dropout(row, dropout, seeds.ofRow(block.of().number(), head, i), block.seen(i));
            int rows = groupSize * block.length();
            write(products.droppedWeights(rows, block.keys()).memory(), row, block, r, i);
        }
    }

    /** The weights of a block after dropout. */
    private MatrixBuffer.Matrix dropped(Block block) {
        int rows = groupSize * block.length();
        return dropout > 0 ? products.droppedWeights(rows, block.keys()) : products.weights(rows, block.keys());
    }

    /** Writes the weights of the keys that the i-th query sees; those of the other keys of the block are 0. */
    private void write(ArrayMemory target, A weightsOfRow, Block block, int r, int i) {
        int m = block.keys();
        int first = block.first(i);
        int end = first + block.seen(i);
        if (first > 0) {
            math.write(target, r * m, zeros, first);
        }
        math.write(target, r * m + first, weightsOfRow, end - first);
        if (end < m) {
            math.write(target, r * m + end, zeros, m - end);
        }
    }

    /**
     * Computes the gradients of the queries, keys and values of one group.
     *
     * @param all what {@link #forward} had
     * @param positions what is known of the differences of positions; null if they are not used
     * @param positionGradients their gradients are added to these; null if they are not used
     * @param context the gradient of the heads
     * @param kept the weights that {@link #forward} kept; null if it kept none, so that they are computed again
     * @param gradients get the gradients; those that are not wanted are not written to
     */
    void backward(
            AttentionSequence of,
            int group,
            HeadColumns.Inputs all,
            @Nullable RelativeInputs positions,
            @Nullable RelativeInputs positionGradients,
            HeadColumns context,
            @Nullable A kept,
            HeadColumns.Inputs gradients,
            HeadColumns.Inputs.Wanted wanted) {
        begin(of);
        if (group == 0) {
            if (of.causal()) {
                clearMasked(of, gradients.queries());
            }
            clearMasked(of, gradients.keys());
            clearMasked(of, gradients.values());
        }
        int n = of.queries();
        loadKeysAndValues(of, group, all, null);
        // From the last block on. Without a window its gradients are those of all keys; the others are added.
        int from = isDivided(of) ? (n - 1) / BLOCK * BLOCK : 0;
        if (of.hasWindow()) {
            products.clearGradients(of.keys());
        }
        while (from >= 0) {
            Block block = block(of, group, from);
            loadQueries(block, all.queries());
            beginRelative(block, positions);
            if (kept == null) {
                computeWeights(block, null);
            } else {
                loadWeights(block, kept);
            }
            differentiate(
                    block,
                    of.hasWindow() || block.to() < n,
                    all.queries(),
                    positionGradients,
                    context,
                    gradients.queries(),
                    wanted);
            from -= BLOCK;
        }
        storeKeysAndValues(of, group, all, gradients, wanted);
    }

    private void differentiate(
            Block block,
            boolean adds,
            HeadColumns queries,
            @Nullable RelativeInputs positionGradients,
            HeadColumns context,
            HeadColumns queryGradients,
            HeadColumns.Inputs.Wanted wanted) {
        int rows = groupSize * block.length();
        int m = block.keys();
        int first = block.of().firstQuery();
        ArrayMemory contextGradients = products.contexts(rows).memory();
        forEachRow(
                block,
                (r, i, head) ->
                        context.memory().copy(context.position(first + i, head), contextGradients, r * size, size));
        if (wanted.values()) {
            products.differentiateValues(dropped(block), rows, block.firstKey(), m, adds);
        }
        if (!wanted.scores()) {
            return;
        }
        RelativeScores<A> relative = relative();
        if (relative != null) {
            relative.beginGradients();
        }
        products.differentiateWeights(rows, block.firstKey(), m);
        ArrayMemory weights = products.weights(rows, m).memory();
        ArrayMemory weightGradients = products.weightGradients(rows, m).memory();
        forEachRow(block, (r, i, head) -> {
            int seen = block.seen(i);
            int place = r * m + block.first(i);
            math.read(weights, place, row, seen);
            math.read(weightGradients, place, gradientRow, seen);
            if (dropout > 0) {
                math.dropout(gradientRow, dropout, seeds.ofRow(block.of().number(), head, i), seen);
            }
            math.softmaxGradient(row, gradientRow, seen);
            if (softcap != SelfAttention.NO_SOFTCAP) {
                math.read(products.slopes(rows, m).memory(), place, row, seen);
                math.multiply(row, gradientRow, seen);
            }
            if (relative != null) {
                relative.addGradient(gradientRow, i);
            }
            write(weightGradients, gradientRow, block, r, i);
        });
        if (wanted.keys()) {
            products.differentiateKeys(rows, block.firstKey(), m, adds);
        }
        if (wanted.queries()) {
            products.differentiateQueries(rows, block.firstKey(), m);
        }
        if (relative != null) {
            relative.endGradients(
                    block.of(),
                    block.group(),
                    products.queries(rows),
                    products.keys(m),
                    wanted.queries() ? products.queryGradients(rows) : null,
                    wanted.keys() ? products.keyGradients(m) : null,
                    wanted.relative() ? positionGradients : null);
        }
        if (wanted.queries()) {
            ArrayMemory gradient = products.queryGradients(rows).memory();
            forEachRow(
                    block,
                    (r, i, head) -> queryRows.store(gradient, r * size, queries, queryGradients, first, i, head));
        }
    }

    private void storeKeysAndValues(
            AttentionSequence of,
            int group,
            HeadColumns.Inputs all,
            HeadColumns.Inputs gradients,
            HeadColumns.Inputs.Wanted wanted) {
        int n = of.keys();
        ArrayMemory keys = products.keyGradients(n).memory();
        ArrayMemory values = products.valueGradients(n).memory();
        for (int i = 0; i < n; i++) {
            if (wanted.keys()) {
                keyRows.store(keys, i * size, all.keys(), gradients.keys(), of.firstKey(), i, group);
            }
            if (wanted.values()) {
                valueRows.store(values, i * size, all.values(), gradients.values(), of.firstKey(), i, group);
            }
        }
    }
}
