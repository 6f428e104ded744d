package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive examples {@code [from, to)} of a batch that have the same adapter.
 *
 * @param name the adapter
 * @param from the first of the examples
 * @param to the end of the examples
 */
public record AdapterRun(String name, int from, int to) {
    /**
     * Divides a batch into the longest runs.
     *
     * @param names the adapter of each example
     * @return the runs in the order of the examples
     */
    public static List<AdapterRun> of(List<String> names) {
        List<AdapterRun> runs = new ArrayList<>();
        int from = 0;
        while (from < names.size()) {
            String name = names.get(from);
            int to = from + 1;
            while (to < names.size() && names.get(to).equals(name)) {
                to++;
            }
            runs.add(new AdapterRun(name, from, to));
            from = to;
        }
        return runs;
    }

    /**
     * Returns the number of examples.
     *
     * @return at least 1
     */
    public int length() {
        return to - from;
    }
}
