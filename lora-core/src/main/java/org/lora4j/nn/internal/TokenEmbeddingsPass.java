package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.Embedding;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Sequences;
import org.lora4j.nn.TokenEmbeddings;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link TokenEmbeddings}: the first of a pass over tokens. */
final class TokenEmbeddingsPass<A> {
    private final TokenEmbeddings layer;
    private final RowMath<A> math;
    private final List<EmbeddingPass<A>> tables = new ArrayList<>();
    private final @Nullable NormPass<A> norm;
    private final Scratch scratch;
    private final BatchBuffer sums;
    private final int width;
    private final A vector;

    /** For each table, its row for each token. */
    private final List<int[]> rows = new ArrayList<>();

    private TokenEmbeddingsPass(TokenEmbeddings layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        for (Embedding table : layer.tables()) {
            tables.add(new EmbeddingPass<>(table, math, resources));
        }
        norm = layer.norm() == null ? null : NormPass.of(layer.norm(), true, math, resources);
        scratch = resources.scratch();
        sums = new BatchBuffer(resources.dataType(), layer.word().outputSize(), resources.order());
        width = Math.toIntExact(layer.word().outputSize());
        vector = math.array(width);
    }

    static TokenEmbeddingsPass<?> of(TokenEmbeddings layer, PassResources resources) {
        return new TokenEmbeddingsPass<>(layer, RowMath.of(resources.dataType()), resources);
    }

    boolean use(EffectiveLayers effective) {
        boolean changed = norm != null && norm.use(effective);
        for (EmbeddingPass<A> table : tables) {
            changed |= table.use(effective);
        }
        return changed;
    }

    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        tables.forEach(table -> all.addAll(table.parameters()));
        if (norm != null) {
            all.addAll(norm.parameters());
        }
        return all;
    }

    List<Parameter> trainable() {
        List<Parameter> all = new ArrayList<>();
        tables.forEach(table -> all.addAll(table.trainable()));
        if (norm != null) {
            all.addAll(norm.trainable());
        }
        return all;
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
        ArrayMemory results = new ArrayMemory(sum);
        for (int i = 0; i < n; i++) {
            math.clear(vector, width);
            for (int t = 0; t < tables.size(); t++) {
                tables.get(t).addRow(rows.get(t)[i], vector);
            }
            math.write(results, i * width, vector, width);
        }
        for (int t = 0; t < tables.size(); t++) {
            tables.get(t).addUpdates(rows.get(t), sum);
        }
        return norm == null ? sum : norm.forward(sum);
    }

    private static int[] rows(int n, IntUnaryOperator row) {
        int[] rows = new int[n];
        for (int i = 0; i < n; i++) {
            rows[i] = row.applyAsInt(i);
        }
        return rows;
    }

    void backward(INDArray yGradient) {
        boolean tablesTrain =
                tables.stream().anyMatch(table -> !table.trainable().isEmpty());
        @Nullable INDArray sumGradient = norm == null ? yGradient : norm.backward(yGradient, tablesTrain);
        if (sumGradient != null) {
            for (int t = 0; t < tables.size(); t++) {
                tables.get(t).backward(rows.get(t), sumGradient);
            }
            scratch.release(sumGradient);
        }
    }
}
