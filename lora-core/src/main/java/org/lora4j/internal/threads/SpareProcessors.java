package org.lora4j.internal.threads;

import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Divides loops over independent elements among the processors that are free between two products.
 *
 * <p>If BLAS has a thread for each processor, the calling thread runs the whole loop: the threads of BLAS keep the processors
 * busy even while they wait for the next product. If a product engine uses the {@link ThreadTeam} of the process, its threads
 * run parts of the loop. Else the common pool runs them on the processors that BLAS does not use.
 */
public final class SpareProcessors {
    private static volatile int engineThreads = 1;

    private SpareProcessors() {}

    /**
     * Says how many threads the product engine has. Only an engine with threads of its own keeps them busy.
     *
     * @param threads at least 1
     */
    public static void setEngineThreads(int threads) {
        engineThreads = threads;
    }

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
        int parts = parts(count, least);
        runParts(parts, i -> part.run(start(count, i, parts), start(count, i + 1, parts)));
    }

    /**
     * Returns the number of parts in which {@link #run} processes elements.
     *
     * @param count the number of elements
     * @param least the smallest number of elements for which another thread saves time, at least 1
     * @return the number of free processors, or fewer; at least 1
     */
    public static int parts(long count, long least) {
        if (count < 2 * least) {
            // Small work must not even pay for the question how many threads BLAS has.
            return 1;
        }
        return (int) Math.max(1, Math.min(threads(), count / least));
    }

    private static int threads() {
        int team = ThreadTeam.shared().threads();
        return team > 1
                ? team
                : Runtime.getRuntime().availableProcessors()
                        / Math.max(engineThreads, Nd4j.factory().blas().getMaxThreads());
    }

    /**
     * Runs numbered parts, in parallel if there are several. An exception of a part is thrown to the caller.
     *
     * @param parts the number of parts, from {@link #parts}
     * @param part runs the part of a number from 0
     */
    public static void runParts(int parts, IntConsumer part) {
        if (parts == 1) {
            part.accept(0);
        } else if (ThreadTeam.shared().threads() > 1) {
            ThreadTeam.shared().run(parts, part);
        } else {
            IntStream.range(0, parts).parallel().forEach(part);
        }
    }

    /**
     * Returns where a part of equally large ones begins.
     *
     * @param count the number of elements
     * @param part the number of the part, from 0 to the number of parts
     * @param parts the number of parts
     * @return the first element of the part
     */
    public static int start(int count, int part, int parts) {
        return (int) ((long) count * part / parts);
    }
}
