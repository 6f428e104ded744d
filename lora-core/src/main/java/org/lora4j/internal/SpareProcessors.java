package org.lora4j.internal;

import java.util.stream.IntStream;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Divides loops over independent elements among the processors that BLAS does not use.
 *
 * <p>If BLAS has a thread for each processor, the calling thread runs the whole loop: the threads of BLAS keep their
 * processors busy even while they wait for the next product. If BLAS has fewer threads, the common pool runs parts of the
 * loop in parallel.
 */
public final class SpareProcessors {
    private SpareProcessors() {}

    /** Processes the elements {@code [from, to)}. */
    @FunctionalInterface
    public interface Part {
        /**
         * Processes the elements. Other threads can process other parts at the same time.
         *
         * @param from the first element
         * @param to the element after the last one
         */
        void run(int from, int to);
    }

    /**
     * Processes elements in as many parts as there are free processors. An exception of a part is thrown to the caller.
     *
     * @param count the number of elements
     * @param least the smallest number of elements for which another thread saves time, at least 1
     * @param part processes one part; the parts are disjoint and together cover {@code [0, count)}
     */
    public static void run(int count, int least, Part part) {
        int parts = count < 2 * least ? 1 : Math.min(free(), count / least);
        if (parts <= 1) {
            part.run(0, count);
        } else {
            IntStream.range(0, parts)
                    .parallel()
                    .forEach(i -> part.run(start(count, i, parts), start(count, i + 1, parts)));
        }
    }

    private static int free() {
        return Runtime.getRuntime().availableProcessors()
                / Math.max(1, Nd4j.factory().blas().getMaxThreads());
    }

    private static int start(int count, int part, int parts) {
        return (int) ((long) count * part / parts);
    }
}
