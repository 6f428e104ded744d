package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Embedding;

/** The computation of an {@link Embedding} for the segments of a batch. */
final class EmbeddingPass<A> {
    private final Embedding layer;
    private final RowMath<A> math;
    private final PassResources resources;
    private final List<SegmentEmbedding<A>> segments = new ArrayList<>();

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
    SegmentEmbedding<A> of(Segments batch, int segment) {
        Segment wanted = batch.get(segment);
        int i = resources.isTraining() ? segment : 0;
        while (segments.size() <= i) {
            segments.add(new SegmentEmbedding<>(layer, wanted, math, resources));
        }
        SegmentEmbedding<A> one = segments.get(i);
        one.bind(batch, wanted);
        return one;
    }
}
