package org.lora4j.nn.attention.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Buffers;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.SelfAttention;

/**
 * The heads of an attention. The heads of a sequence that share keys and values are one task, see {@link HeadGroup}; the
 * processors that are free divide the tasks among themselves. In a training where each token sees all it keeps the attention
 * weights. A causal one, or one with a window, computes them again, because half of them or more are 0; and so does one that
 * bounds its scores, because it needs the slopes there too.
 */
public final class AttentionHeads<A> {
    private final int groups;
    private final int groupSize;
    private final int size;
    private final boolean causal;
    private final int window;
    private final boolean drops;
    private final SequenceSeeds seeds;
    private final Workers<HeadGroup<A>> workers;

    // What forward keeps for backward.
    private HeadColumns.@Nullable Inputs inputs;
    private @Nullable RelativeInputs positions;
    private final @Nullable HeapBuffer<A> kept;

    // Whether a segment trains the normalization of the queries or of the keys.
    private boolean queriesTrain;
    private boolean keysTrain;

    public AttentionHeads(
            SelfAttention layer,
            RowMath<A> math,
            boolean isTraining,
            Buffers buffers,
            HeadProducts.Shared headProducts) {
        groups = layer.keyValueHeads();
        groupSize = layer.heads() / groups;
        size = layer.headSize();
        causal = layer.isCausal();
        window = layer.window();
        boolean computesAgain =
                causal || window != SelfAttention.NO_WINDOW || layer.softcap() != SelfAttention.NO_SOFTCAP;
        kept = isTraining && !computesAgain ? buffers.heap(math) : null;
        drops = isTraining && layer.dropout() > 0;
        seeds = new SequenceSeeds(LayerSeed.of(layer.seed(), layer.path()), layer.heads());
        double dropout = drops ? layer.dropout() : 0;
        Supplier<HeadProducts> products = headProducts.source(size, layer.scale());
        workers = new Workers<>(() -> new HeadGroup<>(layer, dropout, seeds, math, products.get()));
    }

    public void bind(Segments segments) {
        queriesTrain = workers.first().queriesTrain(segments);
        keysTrain = workers.first().keysTrain(segments);
    }

    public boolean queriesTrain() {
        return queriesTrain;
    }

    public boolean keysTrain() {
        return keysTrain;
    }

    public boolean trains() {
        return queriesTrain || keysTrain;
    }

    private List<AttentionSequence> sequences(Segments segments) {
        List<AttentionSequence> all = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i < segments.count(); i++) {
            for (int s = segments.firstExample(i); s < segments.firstExample(i + 1); s++) {
                AttentionSequence sequence =
                        new AttentionSequence(segments, i, s, causal, window, Math.toIntExact(offset));
                all.add(sequence);
                offset += kept == null ? 0 : (long) groups * groupSize * sequence.queries() * sequence.keys();
            }
        }
        if (kept != null) {
            kept.reserve(Math.toIntExact(offset));
        }
        return all;
    }

    private @Nullable A kept() {
        return kept == null ? null : kept.array();
    }

    /**
     * Computes the heads side by side.
     *
     * @param relative what is known of the differences of positions; null if they are not used
     * @param context gets the heads {@code [tokens, h·d]}
     */
    public void forward(
            Segments segments, HeadColumns.Inputs all, @Nullable RelativeInputs relative, HeadColumns context) {
        inputs = all;
        positions = relative;
        if (drops) {
            seeds.bind(segments);
        }
        List<AttentionSequence> sequences = sequences(segments);
        A weights = kept();
        workers.run(
                sequences.size() * groups,
                nanos(sequences),
                (worker, i) -> worker.forward(sequences.get(i / groups), i % groups, all, relative, context, weights));
    }

    /** How long the forward takes in one thread, roughly. */
    private long nanos(List<AttentionSequence> sequences) {
        double weights = 0;
        for (AttentionSequence sequence : sequences) {
            weights += sequence.weights() * groups * groupSize;
        }
        return HeadProducts.nanos(weights, size);
    }

    /**
     * Computes the gradients of queries, keys and values.
     *
     * @param context the gradient of the heads
     * @param gradients get the gradients; those that are not wanted are not written to
     * @param positionGradients the gradients of the differences of positions are added to these; null if they are not used
     */
    public void backward(
            Segments segments,
            HeadColumns context,
            HeadColumns.Inputs gradients,
            @Nullable RelativeInputs positionGradients,
            HeadColumns.Inputs.Wanted wanted) {
        HeadColumns.Inputs all = Objects.requireNonNull(inputs, "backward needs a forward before it");
        List<AttentionSequence> sequences = sequences(segments);
        A weights = kept();
        Backward<A> backward = (worker, sequence, group) -> worker.backward(
                sequence, group, all, positions, positionGradients, context, weights, gradients, wanted);
        if (trains()) {
            // The gradients of the normalizations are sums over the sequences of a segment, in their order.
            for (int i = 0; i < segments.count(); i++) {
                int segment = i;
                workers.first().beginGradients(segments.get(i));
                sequences.stream()
                        .filter(sequence -> sequence.segment() == segment)
                        .forEach(sequence -> {
                            for (int group = 0; group < groups; group++) {
                                backward.run(workers.first(), sequence, group);
                            }
                        });
                workers.first().endGradients();
            }
            return;
        }
        if (wanted.relative()) {
            // The gradients of the positions are sums over the sequences, in their order.
            workers.run(groups, 2 * nanos(sequences), (worker, group) -> {
                for (AttentionSequence sequence : sequences) {
                    backward.run(worker, sequence, group);
                }
            });
            return;
        }
        workers.run(
                sequences.size() * groups,
                2 * nanos(sequences),
                (worker, i) -> backward.run(worker, sequences.get(i / groups), i % groups));
    }

    /** The backward of the heads of a sequence that share keys and values. */
    @FunctionalInterface
    private interface Backward<A> {
        void run(HeadGroup<A> worker, AttentionSequence sequence, int group);
    }
}
