package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.Workers;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.CausalSelfAttention;

/**
 * The heads of a causal attention. The heads of a sequence that share keys and values are one task, see
 * {@link CausalHeadGroup}; the processors that are free divide the tasks among themselves.
 */
final class CausalHeads<A> {
    private final int groups;
    private final int groupSize;
    private final int size;
    private final boolean drops;
    private final SequenceSeeds seeds;
    private final Workers<CausalHeadGroup<A>> workers;

    // What forward keeps for backward.
    private @Nullable HeadInputs inputs;

    // Whether a segment trains the normalization of the queries or of the keys.
    private boolean queriesTrain;
    private boolean keysTrain;

    /** Which gradients are needed. */
    record Wanted(boolean queries, boolean keys, boolean values) {}

    /** A sequence and its segment, with what all its groups need. */
    record Sequence(Segments segments, int segment, int number) {
        Sequences all() {
            return segments.sequences();
        }

        /** The number of tokens that are not masked. */
        int length() {
            return all().length(number) - all().masked(number);
        }

        /** The row of the first token that is not masked. */
        int first() {
            return all().start(number) + all().masked(number);
        }

        /** The number of tokens before them, of which only keys and values are known. */
        int past() {
            KeyValueCache cache = cache();
            return cache == null ? 0 : cache.length();
        }

        @Nullable
        KeyValueCache cache() {
            return segments.cache(number);
        }
    }

    CausalHeads(CausalSelfAttention layer, RowMath<A> math, PassResources resources) {
        groups = layer.keyValueHeads();
        groupSize = layer.heads() / groups;
        size = layer.headSize();
        drops = resources.isTraining() && layer.dropout() > 0;
        seeds = new SequenceSeeds(LayerSeed.of(layer.seed(), layer.path()), layer.heads());
        double dropout = drops ? layer.dropout() : 0;
        Supplier<HeadProducts> products = resources.headProducts().source(size);
        workers = new Workers<>(() -> new CausalHeadGroup<>(layer, dropout, seeds, math, products.get()));
    }

    void bind(Segments segments) {
        queriesTrain = workers.first().queriesTrain(segments);
        keysTrain = workers.first().keysTrain(segments);
    }

    boolean queriesTrain() {
        return queriesTrain;
    }

    boolean keysTrain() {
        return keysTrain;
    }

    boolean trains() {
        return queriesTrain || keysTrain;
    }

    private static List<Sequence> sequences(Segments segments) {
        List<Sequence> all = new ArrayList<>();
        for (int i = 0; i < segments.count(); i++) {
            for (int s = segments.firstExample(i); s < segments.firstExample(i + 1); s++) {
                all.add(new Sequence(segments, i, s));
            }
        }
        return all;
    }

    /**
     * Computes the heads side by side.
     *
     * @param context gets the heads {@code [tokens, h·d]}
     */
    void forward(Segments segments, HeadInputs all, HeadColumns context) {
        inputs = all;
        if (drops) {
            seeds.bind(segments);
        }
        List<Sequence> sequences = sequences(segments);
        workers.run(
                sequences.size() * groups,
                nanos(sequences),
                (worker, i) -> worker.forward(sequences.get(i / groups), i % groups, all, context));
    }

    /** How long the forward takes in one thread, roughly. */
    private long nanos(List<Sequence> sequences) {
        double weights = 0;
        for (Sequence sequence : sequences) {
            double n = sequence.length();
            weights += n * (sequence.past() + n / 2) * groups * groupSize;
        }
        return HeadProducts.nanos(weights, size);
    }

    /**
     * Computes the gradients of queries, keys and values.
     *
     * @param context the gradient of the heads
     * @param gradients get the gradients; those that are not wanted are not written to
     */
    void backward(Segments segments, HeadColumns context, HeadInputs gradients, Wanted wanted) {
        HeadInputs all = Objects.requireNonNull(inputs, "backward needs a forward before it");
        List<Sequence> sequences = sequences(segments);
        if (trains()) {
            // The gradients of the normalizations are sums over the sequences of a segment, in their order.
            for (int i = 0; i < segments.count(); i++) {
                int segment = i;
                workers.first().beginGradients(segments.get(i));
                sequences.stream()
                        .filter(sequence -> sequence.segment() == segment)
                        .forEach(sequence -> backward(workers.first(), sequence, all, context, gradients, wanted));
                workers.first().endGradients();
            }
            return;
        }
        workers.run(
                sequences.size() * groups,
                2 * nanos(sequences),
                (worker, i) -> worker.backward(sequences.get(i / groups), i % groups, all, context, gradients, wanted));
    }

    private void backward(
            CausalHeadGroup<A> worker,
            Sequence sequence,
            HeadInputs all,
            HeadColumns context,
            HeadInputs gradients,
            Wanted wanted) {
        for (int group = 0; group < groups; group++) {
            worker.backward(sequence, group, all, context, gradients, wanted);
        }
    }
}
