package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.lora4j.spark.internal.score.RowOutputs.Usable;

/** Divides rows into runs that are computed at a time. */
final class RowRuns {
    /** The most tokens that are computed together, so that long texts do not take more memory. */
    private static final long MOST_TOKENS = 8192;

    private RowRuns() {}

    /**
     * Divides rows. Those of one adapter are computed next to each other, because longer runs of rows take fewer products.
     *
     * @param tokens the tokens of what was read of a row
     * @return the numbers of the rows of each run
     */
    static <T> List<List<Integer>> of(List<Usable<T>> rows, ToIntFunction<T> tokens) {
        List<Integer> order = IntStream.range(0, rows.size())
                .boxed()
                .sorted(Comparator.comparing(i -> rows.get(i).adapter()))
                .toList();
        List<List<Integer>> runs = new ArrayList<>();
        int from = 0;
        long filled = 0;
        for (int i = 0; i < order.size(); i++) {
            int size = tokens.applyAsInt(rows.get(order.get(i)).input());
            if (i > from && filled + size > MOST_TOKENS) {
                runs.add(order.subList(from, i));
                from = i;
                filled = 0;
            }
            filled += size;
        }
        runs.add(order.subList(from, order.size()));
        return runs;
    }
}
