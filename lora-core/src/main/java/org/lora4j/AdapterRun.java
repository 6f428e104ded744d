package org.lora4j;

import java.util.ArrayList;
import java.util.List;

/** Consecutive examples {@code [from, to)} of a batch that have the same adapter. */
record AdapterRun(String name, int from, int to) {
    /** Divides a batch into the longest runs, in the order of the examples. */
    static List<AdapterRun> of(List<String> names) {
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

    int length() {
        return to - from;
    }
}
