package org.lora4j.internal;

import java.util.stream.IntStream;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Loops over elements that are independent of each other, divided among the processors that matrix products leave.
 *
 * <p>Where BLAS has a thread for each processor, the calling thread does it all: between products the threads of BLAS
 * wait for the next one and keep their processors busy. Where BLAS has fewer threads, the common pool helps.
 */
public final class SpareProcessors {
    private SpareProcessors() {}

    /** What is done with the elements {@code [from, to)}. */
    @FunctionalInterface
    public interface Part {
        /**
         * Does it, perhaps while other threads do other parts.
         *
         * @param from the first element
         * @param to the first element behind the part
         */
        void run(int from, int to);
    }

    /**
     * Goes over elements in as many parts as there are processors for.
     *
     * @param count the number of elements
     * @param least the fewest elements that are worth the waking of a thread, at least 1
     * @param part done for parts that are disjoint and together make {@code [0, count)}; what it throws is thrown
     */
    public static void run(int count, int least, Part part) {
        int processors = Runtime.getRuntime().availableProcessors()
                / Math.max(1, Nd4j.factory().blas().getMaxThreads());
        int parts = Math.min(processors, count / least);
        if (parts <= 1) {
            part.run(0, count);
        } else {
            IntStream.range(0, parts)
                    .parallel()
                    .forEach(i -> part.run(begin(count, i, parts), begin(count, i + 1, parts)));
        }
    }

    private static int begin(int count, int part, int parts) {
        return (int) ((long) count * part / parts);
    }
}
