package org.lora4j.nn.compute.internal;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.IdlePool;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.ExampleOutputs;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Predictions from any number of threads: each call borrows a {@link Pass} and returns it. There are never more passes
 * than calls at the same time, and only a few idle ones are kept.
 */
public final class Predictor {
    /** Larger inputs are computed in blocks of this many rows, so that the buffers of a pass stay small. */
    private static final int BLOCK_ROWS = 512;

    /** Sequences are computed in blocks of at most so many tokens. More at a time are no faster. */
    private static final int BLOCK_TOKENS = 4096;

    private static final BlasAdvice ADVICE = new BlasAdvice();

    private final LayerStack network;
    private final IdlePool<Pass> passes;

    /**
     * Creates a predictor.
     *
     * @param network the layers of the network
     * @param newPass creates an inference pass over the network when all others are in use
     */
    public Predictor(LayerStack network, Supplier<Pass> newPass) {
        this.network = network;
        passes = new IdlePool<>(() -> {
            ADVICE.log(network);
            return newPass.get();
        });
    }

    /** The segments of a block of a larger batch. */
    @FunctionalInterface
    public interface BlockSegments {
        /**
         * Divides a block into segments.
         *
         * @param block the examples
         * @param from the first of them in the larger batch
         * @param to the end of them in the larger batch
         * @return the segments, with the block as their input
         */
        Segments of(Input block, int from, int to);
    }

    /**
     * Computes the output with the updates that the passes were created with.
     *
     * @param x the input; not written to
     * @return a new array {@code [rows, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the input does not fit
     */
    public INDArray predict(Input x) {
        Inputs.requirePredictable(x, network);
        return passes.use(pass -> {
            pass.segment().resolve();
            return compute(pass, x, (block, from, to) -> Segments.of(pass.segment(), block));
        });
    }

    /**
     * Computes the output with updates chosen for this call.
     *
     * @param x the input; not written to
     * @param effective what each layer computes with
     * @return a new array {@code [rows, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the input does not fit
     */
    public INDArray predict(Input x, EffectiveLayers effective) {
        Inputs.requirePredictable(x, network);
        return passes.use(pass -> {
            Segment segment = pass.predicting(effective);
            BlockSegments segments = (block, from, to) -> Segments.of(segment, block);
            return network.hasOutputsOf(effective)
                    ? compute(pass, x, segments)
                    : computeEach(pass, x, example -> effective, segments).of(0, x.count());
        });
    }

    /**
     * Computes the output as {@link #predict(Input)} does, into an array of the caller.
     *
     * @param x the input; not written to
     * @param y gets the output {@code [rows, outputSize]}
     * @throws IllegalArgumentException if the input does not fit, or {@code y} has another shape or type
     */
    public void predictInto(Input x, INDArray y) {
        Inputs.requirePredictable(x, network);
        OutputArray output = outputIn(y, x, network, network.outputSize());
        passes.use(pass -> {
            pass.segment().resolve();
            return compute(pass, x, (block, from, to) -> Segments.of(pass.segment(), block), output);
        });
    }

    private static OutputArray outputIn(INDArray y, Input x, LayerStack computing, long width) {
        return OutputArray.of(y, outputRows(computing, x, x.count()), width, computing.dataType());
    }

    /**
     * Computes the output as {@link #predict(Input, EffectiveLayers)} does, into an array of the caller.
     *
     * @param x the input; not written to
     * @param effective what each layer computes with
     * @param y gets the output {@code [rows, outputSize]}
     * @throws IllegalArgumentException if the input does not fit, or {@code y} has another shape or type
     */
    public void predictInto(Input x, EffectiveLayers effective, INDArray y) {
        Inputs.requirePredictable(x, network);
        OutputArray output = outputIn(y, x, effective.stack(network), network.outputSize(effective));
        if (!network.hasOutputsOf(effective)) {
            output.set(0, predict(x, effective));
            return;
        }
        passes.use(pass -> {
            Segment segment = pass.predicting(effective);
            return compute(pass, x, (block, from, to) -> Segments.of(segment, block), output);
        });
    }

    /**
     * Computes the output of a batch whose examples differ in their updates.
     *
     * @param x the input, which must fit the network; not written to
     * @param segments divides each block of it
     * @return a new array {@code [rows, outputSize]} in 'c' order
     */
    public INDArray predictSegments(Input x, BlockSegments segments) {
        return passes.use(pass -> compute(pass, x, segments));
    }

    /**
     * Computes the output of a batch whose examples differ in their updates, and may have heads of different widths or ends of their
     * own.
     *
     * @param x the input, which must fit the network; not written to
     * @param layers what computes an example
     * @param segments divides each block of the input
     * @return the outputs
     */
    public ExampleOutputs predictEach(Input x, IntFunction<EffectiveLayers> layers, BlockSegments segments) {
        return passes.use(pass -> computeEach(pass, x, layers, segments));
    }

    private ExampleOutputs computeEach(
            Pass pass, Input x, IntFunction<EffectiveLayers> layers, BlockSegments segments) {
        ExampleOutputs outputs = new ExampleOutputs(x, network, layers);
        forEachBlock(x, (block, from, to) -> {
            Segments batch = segments.of(block, from, to);
            pass.forwardEach(batch, (i, y) -> outputs.set(from + batch.firstExample(i), y));
        });
        return outputs;
    }

    /**
     * Computes the output of one input with each of several updates. The layers below the first one that one of them changes are
     * computed once.
     *
     * @param x the input, which must fit the network; not written to
     * @param base what the layers compute with that none of them changes
     * @param all what each layer computes with, for each output
     * @return the outputs in the order of {@code all}, new arrays {@code [rows, width]} in 'c' order
     */
    public List<INDArray> predictWithAll(Input x, EffectiveLayers base, List<EffectiveLayers> all) {
        List<Segment> segments =
                all.stream().map(layers -> Segment.predicting(network, layers)).toList();
        Segment ofBase = Segment.predicting(network, base);
        List<ExampleOutputs> outputs = all.stream()
                .map(layers -> new ExampleOutputs(x, network, example -> layers))
                .toList();
        return passes.use(pass -> {
            forEachBlock(x, (block, from, to) -> {
                int together = block instanceof Sequences sequences
                        ? BLOCK_TOKENS / sequences.tokens()
                        : BLOCK_ROWS / block.count();
                pass.forwardWithAll(
                        block,
                        ofBase,
                        segments,
                        Math.max(1, together),
                        (i, y) -> outputs.get(i).set(from, y));
            });
            return outputs.stream().map(one -> one.of(0, x.count())).toList();
        });
    }

    /** Takes the examples {@code [from, to)} of a batch. */
    private interface BlockVisitor {
        void accept(Input block, int from, int to);
    }

    private static void forEachBlock(Input x, BlockVisitor visitor) {
        if (x instanceof Sequences sequences) {
            forEachBlockOfTokens(sequences, visitor);
            return;
        }
        INDArray rows = Inputs.rows(x);
        int n = x.count();
        for (int from = 0; from < n; from += BLOCK_ROWS) {
            int to = Math.min(n, from + BLOCK_ROWS);
            visitor.accept(n <= BLOCK_ROWS ? x : Input.of(rows(rows, from, to).dup('c')), from, to);
        }
    }

    private static void forEachBlockOfTokens(Sequences x, BlockVisitor visitor) {
        int from = 0;
        while (from < x.count()) {
            int to = from + 1;
            while (to < x.count() && x.start(to + 1) - x.start(from) <= BLOCK_TOKENS) {
                to++;
            }
            visitor.accept(from == 0 && to == x.count() ? x : x.part(from, to), from, to);
            from = to;
        }
    }

    private INDArray compute(Pass pass, Input x, BlockSegments segments) {
        return compute(pass, x, segments, OutputArray.create(outputRows(network, x, x.count())));
    }

    private INDArray compute(Pass pass, Input x, BlockSegments segments, OutputArray y) {
        forEachBlock(
                x,
                (block, from, to) -> y.set(outputRows(network, x, from), pass.forward(segments.of(block, from, to))));
        return y.array();
    }

    /** How many rows the output of the first examples has. */
    private static long outputRows(LayerStack computing, Input x, int examples) {
        return computing.outputRows() == Layer.RowKind.TOKEN && x instanceof Sequences sequences
                ? sequences.start(examples)
                : examples;
    }

    private static INDArray rows(INDArray matrix, long from, long to) {
        return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }

    /** The output of a batch that is computed in blocks: a new array, or one of the caller. */
    private static final class OutputArray {
        private final long rows;
        private @Nullable INDArray array;

        private OutputArray(long rows, @Nullable INDArray array) {
            this.rows = rows;
            this.array = array;
        }

        /** An output in a new array, which is as wide as the blocks. */
        static OutputArray create(long rows) {
            return new OutputArray(rows, null);
        }

        /**
         * An output in an array of the caller.
         *
         * @throws IllegalArgumentException if it has another shape or type
         */
        static OutputArray of(INDArray array, long rows, long width, DataType type) {
            if (array.rank() != 2 || array.size(0) != rows || array.size(1) != width || array.dataType() != type) {
                throw new IllegalArgumentException("y: must be a matrix [" + rows + ", " + width + "] of " + type
                        + ", as the output is, found " + Inputs.describe(array));
            }
            return new OutputArray(rows, array);
        }

        /** Copies a block. */
        void set(long firstRow, INDArray block) {
            INDArray target = array;
            if (target == null && block.size(0) == rows) {
                array = block.dup('c');
                return;
            }
            if (target == null) {
                target = Nd4j.createUninitializedDetached(block.dataType(), 'c', rows, block.size(1));
                array = target;
            }
            if (ArrayMemory.isInRows(block) && ArrayMemory.isInRows(target) && target.length() <= Integer.MAX_VALUE) {
                int start = Math.toIntExact(firstRow * block.size(1));
                new ArrayMemory(block).copy(0, new ArrayMemory(target), start, Math.toIntExact(block.length()));
            } else {
                target.get(NDArrayIndex.interval(firstRow, firstRow + block.size(0)), NDArrayIndex.all())
                        .assign(block);
            }
        }

        /** The output, after all blocks were copied. */
        INDArray array() {
            if (array == null) {
                throw new IllegalStateException("the output must have at least one block, found none");
            }
            return array;
        }
    }
}
