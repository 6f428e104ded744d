package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.batch.internal.WeightGradient;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.weight.internal.Weight;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of an {@link Embedding} for the segments of a batch. */
final class EmbeddingPass<A> {
    private final Embedding layer;
    private final RowMath<A> math;
    private final PassResources resources;
    private final List<OfSegment<A>> segments = new ArrayList<>();

    EmbeddingPass(Embedding layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.math = math;
        this.resources = resources;
    }

    boolean trains(Segments batch) {
        if (!resources.isTraining()) {
            return false;
        }
        boolean trains = false;
        for (int i = 0; i < batch.count(); i++) {
            trains |= of(batch, i).trains();
        }
        return trains;
    }

    /** What a segment computes, bound to it. In a prediction nothing is kept of a segment, so all use the same buffers. */
    OfSegment<A> of(Segments batch, int segment) {
        Segment wanted = batch.get(segment);
        int i = resources.isTraining() ? segment : 0;
        while (segments.size() <= i) {
            segments.add(new OfSegment<>(layer, wanted, math, resources));
        }
        OfSegment<A> one = segments.get(i);
        one.bind(batch, wanted);
        return one;
    }

    /** What one {@link Segment} computes of an {@link Embedding}: the rows of its table, and the updates of the table. */
    static final class OfSegment<A> {
        private final Embedding layer;
        private final RowMath<A> math;
        private final LayerUpdates<TokenUpdatePass> updates;
        private final int width;
        private final A row;
        private final A otherRow;
        private final BatchBuffer rowGradients;
        private final BatchBuffer tableRows;

        // What the segment computes with now.
        private @Nullable Segment segment;
        private @Nullable EffectiveLinear effective;
        private @Nullable Gradient weightGradient;
        private Weight table;
        private boolean trains;

        OfSegment(Embedding layer, Segment first, RowMath<A> math, PassResources resources) {
            this.layer = layer;
            this.math = math;
            updates = new LayerUpdates<>(
                    layer.weightParameter(), first, resources, TokenUpdatePass::bind, WeightUpdate::newTokenPass);
            width = Math.toIntExact(layer.outputSize());
            row = math.array(width);
            otherRow = math.array(width);
            rowGradients = new BatchBuffer(resources.dataType(), width, 'c');
            tableRows = new BatchBuffer(resources.dataType(), width, 'c');
            table = layer.weightParameter().weight();
        }

        /** Switches to a segment of a batch and to what it computes with now. */
        void bind(Segments batch, Segment newSegment) {
            updates.setBatch(batch);
            EffectiveLinear wanted = newSegment.of(layer);
            if (newSegment == segment && wanted.equals(effective)) {
                return;
            }
            // Whatever fails on the way, the next call binds anew.
            effective = null;
            segment = newSegment;
            updates.begin(newSegment, wanted.weight());
            weightGradient = updates.gradient(wanted.weight());
            table = wanted.weight().weight();
            updates.bind(wanted);
            trains = newSegment.trains(layer);
            effective = wanted;
        }

        boolean trains() {
            return trains;
        }

        /** Copies the rows of the table {@code W[idᵢ]} to a matrix. */
        void copyRows(int[] ids, INDArray y) {
            table.matrix().rows(ids, y);
        }

        /** Adds the rows of the table {@code W[idᵢ]} to a matrix. */
        void addRows(int[] ids, INDArray y) {
            INDArray rows = tableRows.rows(ids.length);
            table.matrix().rows(ids, rows);
            ArrayMemory source = new ArrayMemory(rows);
            ArrayMemory target = new ArrayMemory(y);
            for (int i = 0; i < ids.length; i++) {
                math.read(source, i * width, row, width);
                math.read(target, i * width, otherRow, width);
                math.add(row, otherRow, width);
                math.write(target, i * width, otherRow, width);
            }
        }

        /** Adds the updates to the vectors of the tokens. */
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
            WeightGradient ofHead = gradientOfHead();
            if (ofHead != null) {
                // A head that shares the table may have deferred its part.
                ofHead.complete();
            }
            if (!weightGradient.beginPart()) {
                weightGradient.array().assign(0);
            }
            ArrayMemory sums = new ArrayMemory(weightGradient.array());
            ArrayMemory given = new ArrayMemory(rowGradient);
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] != layer.padding()) {
                    math.read(given, i * width, otherRow, width);
                    math.read(sums, ids[i] * width, row, width);
                    math.add(otherRow, row, width);
                    math.write(sums, ids[i] * width, row, width);
                }
            }
        }

        private @Nullable WeightGradient gradientOfHead() {
            return segment == null || effective == null
                    ? null
                    : segment.gradients().getOfWeight(effective.weight());
        }

        /** The gradient of the table's rows: that of y, or a copy that updates can add to. */
        private INDArray rowGradient(INDArray yGradient) {
            return updates.bound().stream().anyMatch(TokenUpdatePass::readsBase)
                    ? rowGradients.rows(yGradient.size(0)).assign(yGradient)
                    : yGradient;
        }
    }
}
