package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowBlocks;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link TokenEmbeddings}: the first of a pass over tokens. */
final class TokenEmbeddingsPass<A> {
    private final TokenEmbeddings layer;
    private final List<EmbeddingPass<A>> tables = new ArrayList<>();
    private final @Nullable NormPass<A> norm;
    private final PassResources resources;
    private final RowBlocks sumBlocks = new RowBlocks();
    private final RowBlocks sumGradientBlocks = new RowBlocks();
    private final BatchBuffer sums;

    /** For each table, its row for each token. */
    private final List<int[]> rows = new ArrayList<>();

    private TokenEmbeddingsPass(TokenEmbeddings layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        for (Embedding table : layer.tables()) {
            tables.add(new EmbeddingPass<>(table, math, resources));
        }
        norm = layer.norm() == null ? null : NormPass.of(layer.norm(), true, math, resources);
        this.resources = resources;
        sums = new BatchBuffer(resources.dataType(), layer.word().outputSize(), resources.order());
    }

    static TokenEmbeddingsPass<?> of(TokenEmbeddings layer, PassResources resources) {
        return new TokenEmbeddingsPass<>(layer, RowMath.of(resources.dataType()), resources);
    }

    /** Whether a segment trains a table. */
    private boolean tablesTrain() {
        boolean train = false;
        for (EmbeddingPass<A> table : tables) {
            train |= table.trains();
        }
        return train;
    }

    boolean trains() {
        return tablesTrain() || (norm != null && norm.trains());
    }

    /** Computes the vectors of all tokens {@code [tokens, dim]}. */
    INDArray forward(Sequences batch) {
        int n = batch.tokens();
        rows.clear();
        rows.add(rows(n, batch::id));
        if (layer.position() != null) {
            rows.add(layer.positions(batch));
        }
        if (layer.type() != null) {
            rows.add(rows(n, batch::type));
        }
        INDArray sum = sums.rows(n);
        for (int s = 0; s < resources.segments().count(); s++) {
            forward(s, sum);
        }
        return norm == null ? sum : norm.forward(sum);
    }

    private void forward(int segment, INDArray sum) {
        INDArray block = resources.block(sumBlocks, sum, segment);
        List<SegmentEmbedding<A>> bound = new ArrayList<>();
        List<int[]> ids = new ArrayList<>();
        for (int t = 0; t < tables.size(); t++) {
            SegmentEmbedding<A> table = tables.get(t).of(segment);
            bound.add(table);
            ids.add(rows(t, segment));
            if (t == 0) {
                table.copyRows(ids.get(t), block);
            } else {
                table.addRows(ids.get(t), block);
            }
        }
        for (int t = 0; t < bound.size(); t++) {
            bound.get(t).addUpdates(ids.get(t), block);
        }
    }

    /** The rows of a table for the tokens of a segment. */
    private int[] rows(int table, int segment) {
        int[] all = rows.get(table);
        return resources.segments().count() == 1
                ? all
                : Arrays.copyOfRange(all, resources.start(segment), resources.start(segment + 1));
    }

    private static int[] rows(int n, IntUnaryOperator row) {
        int[] rows = new int[n];
        for (int i = 0; i < n; i++) {
            rows[i] = row.applyAsInt(i);
        }
        return rows;
    }

    void backward(INDArray yGradient) {
        @Nullable INDArray sumGradient = norm == null ? yGradient : norm.backward(yGradient, tablesTrain());
        if (sumGradient == null) {
            return;
        }
        for (int s = 0; s < resources.segments().count(); s++) {
            INDArray block = resources.block(sumGradientBlocks, sumGradient, s);
            for (int t = 0; t < tables.size(); t++) {
                tables.get(t).of(s).backward(rows(t, s), block);
            }
        }
        if (norm != null) {
            resources.scratch().release(sumGradient);
        }
    }
}
