package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.attention.internal.HeadColumns;
import org.lora4j.nn.attention.internal.RelativeInputs;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an attention computes of the differences of positions: the rows of their table that the batch needs, normalized if the
 * model does so, and the keys and queries of these rows. An adapter of the layers of keys and queries acts on them too, so each
 * segment has rows of its own.
 */
final class RelativePass<A> {
    private final RelativePositions positions;
    private final EmbeddingPass<A> table;
    private final @Nullable NormPass<A> norm;
    private final InnerLinears linears;
    private final @Nullable LinearPass keys;
    private final @Nullable LinearPass queries;
    private final Scratch scratch;
    private final BatchBuffer rows;
    private final RowBlocks blocks = new RowBlocks();
    private final RowBlocks gradientBlocks = new RowBlocks();
    private final int size;

    private int[] ids = new int[0];
    private @Nullable Segments batch;

    /** The gradients of the bias, or of the keys and the queries. */
    private final List<INDArray> gradients = new ArrayList<>();

    private boolean tableTrains;

    RelativePass(SelfAttention layer, RowMath<A> math, PassResources resources) {
        positions = Objects.requireNonNull(layer.relative());
        table = new EmbeddingPass<>(positions.table(), math, resources);
        norm = positions.norm() == null ? null : NormPass.of(positions.norm(), true, math, resources);
        linears = new InnerLinears(resources);
        keys = add(layer.positionKey());
        queries = add(layer.positionQuery());
        scratch = resources.scratch();
        rows = resources.buffers().rows(positions.table().outputSize());
        size = layer.headSize();
    }

    private @Nullable LinearPass add(@Nullable Linear projection) {
        return projection == null ? null : linears.add(projection);
    }

    private boolean isBias() {
        return keys == null && queries == null;
    }

    void bind(Segments segments) {
        Segments ofRows = segments.ofTable(new int[1]);
        linears.bind(ofRows);
        tableTrains = table.trains(ofRows);
        if (norm != null) {
            norm.bind(ofRows);
        }
    }

    private boolean rowsTrain() {
        return tableTrains || (norm != null && norm.trains());
    }

    boolean trains() {
        return linears.train() || rowsTrain();
    }

    RelativeInputs forward(Segments segments) {
        int largest = largest(segments.sequences());
        int first = positions.firstRow(largest);
        int each = positions.endRow(largest) - first;
        if (ids.length != each || ids[0] != first) {
            ids = new int[each];
            Arrays.setAll(ids, i -> first + i);
        }
        Segments ofRows = segments.ofTable(ids);
        linears.bind(ofRows);
        batch = ofRows;
        INDArray r = rows.rows((long) segments.count() * each);
        for (int s = 0; s < segments.count(); s++) {
            EmbeddingPass.OfSegment<A> one = table.of(ofRows, s);
            INDArray block = ofRows.block(blocks, r, s);
            one.copyRows(ids, block);
            one.addUpdates(ids, block);
        }
        INDArray normalized = norm == null ? r : norm.forward(ofRows, r);
        if (isBias()) {
            return new RelativeInputs(first, each, new HeadColumns(normalized, 0, 1), null, null);
        }
        return new RelativeInputs(
                first, each, null, heads(keys, ofRows, normalized), heads(queries, ofRows, normalized));
    }

    private @Nullable HeadColumns heads(@Nullable LinearPass projection, Segments ofRows, INDArray r) {
        return projection == null ? null : new HeadColumns(projection.forward(ofRows, r), 0, size);
    }

    /** The largest difference of two positions of a sequence. */
    private static int largest(Sequences sequences) {
        int largest = 0;
        for (int s = 0; s < sequences.count(); s++) {
            int start = sequences.start(s);
            int last = start + sequences.length(s) - 1;
            largest = Math.max(largest, sequences.position(last) - sequences.position(start));
        }
        return largest;
    }

    /** Lends arrays of zeros that get the gradients. */
    RelativeInputs beginGradients(RelativeInputs inputs) {
        gradients.clear();
        return new RelativeInputs(
                inputs.first(), inputs.each(), zeros(inputs.bias()), zeros(inputs.keys()), zeros(inputs.queries()));
    }

    private @Nullable HeadColumns zeros(@Nullable HeadColumns like) {
        if (like == null) {
            return null;
        }
        Segments ofRows = Objects.requireNonNull(batch);
        INDArray gradient = scratch.take(ofRows.examples(), like.width());
        gradient.assign(0);
        gradients.add(gradient);
        return new HeadColumns(gradient, 0, like.size());
    }

    /** Computes the gradients of the parameters from those that {@link #beginGradients} lent, and gives these back. */
    void backward() {
        Segments ofRows = Objects.requireNonNull(batch);
        INDArray rGradient = isBias() ? gradients.get(0) : projectionGradients(ofRows);
        if (rGradient != null && rowsTrain()) {
            INDArray tableGradient = norm == null ? rGradient : norm.backward(ofRows, rGradient, tableTrains);
            if (tableTrains && tableGradient != null) {
                for (int s = 0; s < ofRows.count(); s++) {
                    table.of(ofRows, s).backward(ids, ofRows.block(gradientBlocks, tableGradient, s));
                }
            }
            if (norm != null && tableGradient != null) {
                scratch.release(tableGradient);
            }
        }
        if (!isBias() && rGradient != null) {
            scratch.release(rGradient);
        }
        gradients.forEach(scratch::release);
        gradients.clear();
    }

    private @Nullable INDArray projectionGradients(Segments ofRows) {
        INDArray rGradient =
                rowsTrain() ? scratch.take(ofRows.examples(), positions.table().outputSize()) : null;
        int next = 0;
        if (keys != null) {
            keys.backward(ofRows, gradients.get(next++), rGradient, false);
        }
        if (queries != null) {
            queries.backward(ofRows, gradients.get(next), rGradient, keys != null);
        }
        return rGradient;
    }

    Optional<String> firstNonFinite(int segment) {
        return batch == null ? Optional.empty() : linears.firstNonFinite(batch, segment);
    }
}
