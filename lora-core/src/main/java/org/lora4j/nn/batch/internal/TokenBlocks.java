package org.lora4j.nn.batch.internal;

import org.lora4j.nn.input.Sequences;

/** Divides many sequences into blocks, so that the buffers of a pass stay small. */
public final class TokenBlocks {
    /** More tokens at a time are no faster. */
    public static final int MAX_TOKENS = 4096;

    private TokenBlocks() {}

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
