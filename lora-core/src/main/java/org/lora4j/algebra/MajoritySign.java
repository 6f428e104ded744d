package org.lora4j.algebra;

import java.util.List;

/** How TIES elects the sign of an entry among the adapters that disagree about it; a draw elects plus. */
public enum MajoritySign {
    /** The sign of the sum of the values: the paper's. */
    TOTAL {
        @Override
        double vote(double value) {
            return value;
        }
    },
    /** The sign that more adapters have, whatever their magnitudes. */
    FREQUENCY {
        @Override
        double vote(double value) {
            return Math.signum(value);
        }
    };

    abstract double vote(double value);

    /** The sign of an entry, +1 or −1. */
    int elect(List<double[]> tasks, int index) {
        double sum = 0;
        for (double[] task : tasks) {
            sum += vote(task[index]);
        }
        return sum >= 0 ? 1 : -1;
    }
}
