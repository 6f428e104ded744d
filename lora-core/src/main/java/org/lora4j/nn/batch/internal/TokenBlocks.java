package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Computes many sequences in blocks, so that the buffers of a pass stay small. */
public final class TokenBlocks {
    /** More tokens at a time are no faster. */
    public static final int MAX_TOKENS = 4096;

    private TokenBlocks() {}

    /** Computes the sequences {@code [from, to)} of a batch. */
    @FunctionalInterface
    public interface Computation {
        /**
         * Computes a block.
         *
         * @param block the sequences
         * @param from the first of them in the batch
         * @param to the end of them in the batch
         * @return the output, which stays valid until the next call
         */
        INDArray compute(Sequences block, int from, int to);
    }

    /**
     * Computes a batch block by block.
     *
     * @param x the sequences
     * @param computation computes a block
     * @return the outputs one under the other, a new array in 'c' order
     */
    public static INDArray compute(Sequences x, Computation computation) {
        List<INDArray> outputs = new ArrayList<>();
        forEach(
                x,
                (block, from, to) ->
                        outputs.add(computation.compute(block, from, to).dup('c')));
        return outputs.size() == 1 ? outputs.get(0) : Nd4j.vstack(outputs);
    }

    /** Takes the sequences {@code [from, to)} of a batch. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Takes a block.
         *
         * @param block the sequences
         * @param from the first of them in the batch
         * @param to the end of them in the batch
         */
        void accept(Sequences block, int from, int to);
    }

    /**
     * Divides a batch.
     *
     * @param x the sequences
     * @param visitor gets each block, in their order
     */
    public static void forEach(Sequences x, Visitor visitor) {
        int from = 0;
        while (from < x.count()) {
            int to = from + 1;
            while (to < x.count() && x.start(to + 1) - x.start(from) <= MAX_TOKENS) {
                to++;
            }
            visitor.accept(from == 0 && to == x.count() ? x : x.part(from, to), from, to);
            from = to;
        }
    }
}
