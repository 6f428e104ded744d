package org.lora4j.nn.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.Embedding;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of an {@link Embedding}, with the updates of its table. */
final class EmbeddingPass<A> {
    private final Embedding layer;
    private final RowMath<A> math;
    private final Gradients gradients;
    private final LinearContext context;
    private final UpdatePasses<TokenUpdatePass> updates;
    private final int width;
    private final A row;
    private final A gradientRow;
    private final BatchBuffer rowGradients;

    // What the layer computes with now.
    private @Nullable EffectiveLinear effective;
    private @Nullable INDArray weightGradient;

    /** The table in the last forward. */
    private ArrayMemory table;

    EmbeddingPass(Embedding layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        gradients = resources.gradients();
        context = new LinearContext(layer.weightParameter(), resources);
        updates = new UpdatePasses<>(TokenUpdatePass::bind, update -> update.newTokenPass(context));
        width = Math.toIntExact(layer.outputSize());
        row = math.array(width);
        gradientRow = math.array(width);
        rowGradients = new BatchBuffer(resources.dataType(), width, 'c');
        table = new ArrayMemory(layer.weight());
    }

    boolean use(EffectiveLayers layers) {
        EffectiveLinear wanted = layers.of(layer);
        if (wanted.equals(effective)) {
            return false;
        }
        effective = null;
        context.begin(wanted.weight());
        weightGradient = gradients.of(wanted.weight());
        table = new ArrayMemory(wanted.weight().value());
        updates.bind(wanted.updates());
        effective = wanted;
        return true;
    }

    List<Parameter> parameters() {
        return effective == null ? List.of() : effective.parameters();
    }

    List<Parameter> trainable() {
        return parameters().stream()
                .filter(parameter -> gradients.of(parameter) != null)
                .toList();
    }

    /** Adds the row of the table to a vector. */
    void addRow(int id, A vector) {
        math.read(table, id * width, row, width);
        math.add(row, vector, width);
    }

    /** Adds the updates to the vectors of all tokens. */
    void addUpdates(int[] ids, INDArray y) {
        for (TokenUpdatePass update : updates.bound()) {
            update.forward(ids, y);
        }
    }

    /** Computes the gradients of the table and of the updates. */
    void backward(int[] ids, INDArray yGradient) {
        INDArray rowGradient = weightGradient == null ? null : rowGradient(yGradient);
        for (TokenUpdatePass update : updates.bound()) {
            update.backward(ids, yGradient, rowGradient);
        }
        if (weightGradient == null || rowGradient == null) {
            return;
        }
        WeightGradient ofHead = effective == null ? null : gradients.getOfWeight(effective.weight());
        if (ofHead == null) {
            weightGradient.assign(0);
        } else {
            // A head that shares the table has computed its part.
            ofHead.complete();
        }
        ArrayMemory sums = new ArrayMemory(weightGradient);
        ArrayMemory given = new ArrayMemory(rowGradient);
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != layer.padding()) {
                math.read(given, i * width, gradientRow, width);
                math.read(sums, ids[i] * width, row, width);
                math.add(gradientRow, row, width);
                math.write(sums, ids[i] * width, row, width);
            }
        }
    }

    /** The gradient of the table's rows: that of y, or a copy that updates can add to. */
    private INDArray rowGradient(INDArray yGradient) {
        return updates.bound().stream().anyMatch(TokenUpdatePass::readsBase)
                ? rowGradients.rows(yGradient.size(0)).assign(yGradient)
                : yGradient;
    }
}
