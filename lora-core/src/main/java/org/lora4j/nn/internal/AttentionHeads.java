package org.lora4j.nn.internal;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.HeapBuffer;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.Workers;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The heads of an attention. A head of a sequence is one task, see {@link AttentionHead}; the processors that are free divide
 * the tasks among themselves. In training it keeps the attention weights.
 */
final class AttentionHeads<A> {
    private final boolean training;
    private final int heads;
    private final int size;
    private final boolean drops;
    private final SequenceSeeds seeds;
    private final Workers<AttentionHead<A>> workers;

    // What forward keeps for backward.
    private @Nullable HeadInputs inputs;
    private final HeapBuffer<A> kept;

    private long weightCount;

    /** Where the kept weights of each sequence begin. */
    private int[] offsets = new int[0];

    AttentionHeads(SelfAttention layer, RowMath<A> math, PassResources resources) {
        training = resources.isTraining();
        heads = layer.heads();
        size = Math.toIntExact(layer.query().outputSize()) / heads;
        drops = training && layer.dropout() > 0;
        seeds = new SequenceSeeds(LayerSeed.of(layer.seed(), layer.path()), heads);
        double dropout = drops ? layer.dropout() : 0;
        Supplier<HeadProducts> products = resources.headProducts().source(size);
        workers = new Workers<>(() -> new AttentionHead<>(size, dropout, seeds, math, products.get()));
        kept = resources.buffers().heap(math);
    }

    /** Computes the heads side by side, {@code context [tokens, dim]}. */
    void forward(Segments segments, INDArray allQueries, INDArray allKeys, INDArray allValues, INDArray context) {
        Sequences sequences = segments.sequences();
        HeadInputs all = HeadInputs.of(allQueries, allKeys, allValues, size);
        inputs = all;
        weightCount = findOffsets(sequences);
        if (training) {
            kept.reserve(Math.toIntExact(weightCount));
        }
        if (drops) {
            seeds.bind(segments);
        }
        HeadColumns contexts = new HeadColumns(context, 0, size);
        A target = training ? kept.array() : null;
        workers.run(
                sequences.count() * heads,
                HeadProducts.nanos((double) weightCount, size),
                (worker, i) -> worker.forward(task(sequences, i), all, contexts, target));
    }

    /** Returns the number of all weights. */
    private long findOffsets(Sequences sequences) {
        if (offsets.length < sequences.count()) {
            offsets = new int[sequences.count()];
        }
        long offset = 0;
        for (int s = 0; s < sequences.count(); s++) {
            offsets[s] = Math.toIntExact(offset);
            offset += (long) heads * sequences.length(s) * (sequences.length(s) - sequences.masked(s));
        }
        return offset;
    }

    private AttentionHead.Task task(Sequences sequences, int i) {
        int s = i / heads;
        int head = i % heads;
        int n = sequences.length(s);
        int m = n - sequences.masked(s);
        return new AttentionHead.Task(s, head, sequences.start(s), n, m, offsets[s] + head * n * m);
    }

    /** Computes the gradients of queries, keys and values from that of the context; all are {@code [tokens, dim]}. */
    void backward(
            Sequences sequences,
            INDArray contextGradient,
            INDArray allQGradients,
            INDArray allKGradients,
            INDArray allVGradients) {
        if (inputs == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        HeadInputs all = inputs;
        HeadInputs gradients = HeadInputs.of(allQGradients, allKGradients, allVGradients, size);
        HeadColumns contexts = new HeadColumns(contextGradient, 0, size);
        A weights = kept.array();
        workers.run(
                sequences.count() * heads,
                2 * HeadProducts.nanos((double) weightCount, size),
                (worker, i) -> worker.backward(task(sequences, i), all, contexts, weights, gradients));
    }
}
