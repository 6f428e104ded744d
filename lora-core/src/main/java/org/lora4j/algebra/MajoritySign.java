package org.lora4j.algebra;

import java.util.List;

/**
 * How TIES (<a href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>) elects the sign of an entry when adapters
 * disagree. If both signs have equal votes, plus is elected.
 */
public enum MajoritySign {
    /** Elects the sign of the sum of the values, as the paper does. */
    TOTAL {
        @Override
        double vote(double value) {
            return value;
        }
    },
    /** Elects the sign that most adapters have. The magnitudes of the values do not count. */
    FREQUENCY {
        @Override
        double vote(double value) {
            return Math.signum(value);
        }
    };

    abstract double vote(double value);

    /** Returns the elected sign of an entry, +1 or −1. */
    int elect(List<double[]> tasks, int index) {
        double sum = 0;
        for (double[] task : tasks) {
            sum += vote(task[index]);
        }
        return sum >= 0 ? 1 : -1;
    }
}
