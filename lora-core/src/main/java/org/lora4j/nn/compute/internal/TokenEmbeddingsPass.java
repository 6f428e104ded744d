package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link TokenEmbeddings}: the first of a pass over tokens. */
final class TokenEmbeddingsPass<A> {
    private final TokenEmbeddings layer;
    private final List<EmbeddingPass<A>> tables = new ArrayList<>();
    private final @Nullable NormPass<A> norm;
    private final Scratch scratch;
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
        scratch = resources.scratch();
        sums = new BatchBuffer(resources.dataType(), layer.word().outputSize(), resources.order());
    }

    static TokenEmbeddingsPass<?> of(TokenEmbeddings layer, PassResources resources) {
        return new TokenEmbeddingsPass<>(layer, RowMath.of(resources.dataType()), resources);
    }

    /** Whether a segment trains a table. */
    private boolean tablesTrain(Segments batch) {
        boolean train = false;
        for (EmbeddingPass<A> table : tables) {
            train |= table.trains(batch);
        }
        return train;
    }

    boolean trains(Segments batch) {
        if (norm != null) {
            norm.bind(batch);
        }
        return tablesTrain(batch) || (norm != null && norm.trains());
    }

    /** Computes the vectors of all tokens {@code [tokens, dim]}. */
    INDArray forward(Segments batch) {
        Sequences sequences = batch.sequences();
        int n = sequences.tokens();
        rows.clear();
        rows.add(rows(n, sequences::id));
        if (layer.position() != null) {
            rows.add(layer.positions(sequences));
        }
        if (layer.type() != null) {
            rows.add(rows(n, sequences::type));
        }
        INDArray sum = sums.rows(n);
        for (int s = 0; s < batch.count(); s++) {
            forward(batch, s, sum);
        }
        return norm == null ? sum : norm.forward(batch, sum);
    }

    private void forward(Segments batch, int segment, INDArray sum) {
        INDArray block = batch.block(sumBlocks, sum, segment);
        List<EmbeddingPass.OfSegment<A>> bound = new ArrayList<>();
        List<int[]> ids = new ArrayList<>();
        for (int t = 0; t < tables.size(); t++) {
            EmbeddingPass.OfSegment<A> table = tables.get(t).of(batch, segment);
            bound.add(table);
            ids.add(rows(batch, t, segment));
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
    private int[] rows(Segments batch, int table, int segment) {
        int[] all = rows.get(table);
        return batch.count() == 1 ? all : Arrays.copyOfRange(all, batch.start(segment), batch.start(segment + 1));
    }

    private static int[] rows(int n, IntUnaryOperator row) {
        int[] rows = new int[n];
        for (int i = 0; i < n; i++) {
            rows[i] = row.applyAsInt(i);
        }
        return rows;
    }

    void backward(Segments batch, INDArray yGradient) {
        @Nullable INDArray sumGradient = norm == null ? yGradient : norm.backward(batch, yGradient, tablesTrain(batch));
        if (sumGradient == null) {
            return;
        }
        for (int s = 0; s < batch.count(); s++) {
            INDArray block = batch.block(sumGradientBlocks, sumGradient, s);
            for (int t = 0; t < tables.size(); t++) {
                tables.get(t).of(batch, s).backward(rows(batch, t, s), block);
            }
        }
        if (norm != null) {
            scratch.release(sumGradient);
        }
    }
}
