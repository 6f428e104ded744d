package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.math.RowUpdates;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.weight.internal.EngineRows;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds what the segments of a prediction compute of a linear layer by themselves. Nothing is kept of a segment, so all use
 * the same buffers, one after the other. The rows are divided among the processors that BLAS does not use.
 */
final class MixedLinear {
    /** Fewer rows of one adapter take less time one by one than in products of all. */
    private static final int LEAST_FOR_PRODUCT = 8;

    /** The fewest elements of factors for which another thread saves time. */
    private static final long LEAST_ELEMENTS = 1 << 18;

    private final Linear layer;
    private final PassResources resources;
    private final List<Part> parts = new ArrayList<>();

    MixedLinear(Linear layer, PassResources resources) {
        this.layer = layer;
        this.resources = resources;
    }

    /**
     * Adds updates and biases.
     *
     * @param y holds {@code x·Wᵀ [n, out]} with the weight of the layer; gets the output
     */
    void forward(Segments segments, INDArray x, INDArray y) {
        Parameter bias = segments.get(0).of(layer).bias();
        boolean sharesBias =
                segments.all().stream().allMatch(segment -> segment.of(layer).bias() == bias);
        int rows = Math.toIntExact(x.size(0));
        int count = Math.min(rows, SpareProcessors.parts(elements(segments), LEAST_ELEMENTS));
        while (parts.size() < count) {
            parts.add(new Part(segments.get(0)));
        }
        SpareProcessors.runParts(
                count,
                i -> parts.get(i)
                        .forward(
                                segments,
                                SpareProcessors.start(rows, i, count),
                                SpareProcessors.start(rows, i + 1, count),
                                x,
                                y,
                                !sharesBias));
        if (sharesBias) {
            parts.get(0).addBias(segments, y);
        }
    }

    private long elements(Segments segments) {
        long elements = 0;
        for (int i = 0; i < segments.count(); i++) {
            long rows = segments.start(i + 1) - (long) segments.start(i);
            for (WeightUpdate update : segments.get(i).of(layer).updates()) {
                elements += rows * update.elements();
            }
        }
        return elements;
    }

    /** Computes some of the rows. It belongs to one thread at a time. */
    private final class Part {
        private final SegmentLinear linear;
        private final RowUpdates singleRows = EngineRows.orLoops();
        private final RowBlocks inputBlocks = new RowBlocks();
        private final RowBlocks outputBlocks = new RowBlocks();

        Part(Segment first) {
            linear = new SegmentLinear(layer, layer.outputSize(), first, resources);
        }

        void addBias(Segments segments, INDArray y) {
            linear.bind(segments, segments.get(0));
            linear.addBias(y);
        }

        /** Computes the rows {@code [begin, end)}. */
        void forward(Segments segments, int begin, int end, INDArray x, INDArray y, boolean addsBias) {
            singleRows.begin(x, y);
            for (int i = 0; i < segments.count(); i++) {
                int from = Math.max(begin, segments.start(i));
                int to = Math.min(end, segments.start(i + 1));
                if (from < to) {
                    forward(segments, segments.get(i), from, to, x, y, addsBias);
                }
            }
            singleRows.end();
        }

        private void forward(
                Segments segments, Segment segment, int from, int to, INDArray x, INDArray y, boolean addsBias) {
            EffectiveLinear effective = segment.of(layer);
            boolean hasWeight = effective.weight() != layer.weightParameter();
            boolean hasBias = addsBias && effective.bias() != null;
            if (!hasWeight && !hasBias && fitSingleRows(effective.updates(), to - from)) {
                for (int row = from; row < to; row++) {
                    for (WeightUpdate update : effective.updates()) {
                        update.addTo(singleRows, row);
                    }
                }
                return;
            }
            linear.bind(segments, segment);
            int row = from;
            while (row < to) {
                // In 'c' order any block of rows is contiguous.
                int size = y.ordering() == 'c' ? to - row : RowBlocks.size(row, to);
                INDArray xRows = inputBlocks.of(x, row, size);
                INDArray yRows = outputBlocks.of(y, row, size);
                if (hasWeight) {
                    linear.multiply(xRows, yRows);
                } else {
                    linear.multiplyRequested();
                }
                linear.addUpdates(xRows, yRows);
                if (hasBias) {
                    linear.addBias(yRows);
                }
                row += size;
            }
        }

        private boolean fitSingleRows(List<WeightUpdate> updates, int rows) {
            return updates.isEmpty()
                    || (rows < LEAST_FOR_PRODUCT && updates.stream().allMatch(WeightUpdate::fitsSingleRows));
        }
    }
}
