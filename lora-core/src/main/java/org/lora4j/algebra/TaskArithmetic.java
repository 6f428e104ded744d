package org.lora4j.algebra;

import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Mixes tensors of the same shape, entry by entry.
 *
 * <p>Without an election of signs, the result is {@code Σ wᵢ·prune(τᵢ)}. With one, it is TIES (<a
 * href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>): only the entries of the pruned tensors that have the
 * elected sign count, and their weighted sum is divided by their number. The votes do not use the weights, so a tensor
 * with the weight 1 and the same tensor with the weight −1 cancel.
 *
 * @param pruning which entries of each tensor are set to zero first
 * @param majority how signs are elected, or null for a weighted sum
 */
record TaskArithmetic(Pruning pruning, AdapterCombination.@Nullable MajoritySign majority) {
    /** Returns the weighted sum without pruning. */
    static TaskArithmetic sum() {
        return new TaskArithmetic(Pruning.none(), null);
    }

    double[] mix(List<double[]> tasks, double[] weights, RandomGenerator random) {
        List<double[]> pruned =
                tasks.stream().map(task -> pruning.prune(task, random)).toList();
        double[] mixed = new double[tasks.get(0).length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = majority == null ? sum(pruned, weights, i) : mean(pruned, weights, i, majority.elect(pruned, i));
        }
        return mixed;
    }

    private static double sum(List<double[]> tasks, double[] weights, int index) {
        double sum = 0;
        for (int t = 0; t < weights.length; t++) {
            sum += weights[t] * tasks.get(t)[index];
        }
        return sum;
    }

    private static double mean(List<double[]> tasks, double[] weights, int index, int sign) {
        double sum = 0;
        int count = 0;
        for (int t = 0; t < weights.length; t++) {
            double value = tasks.get(t)[index];
            if (Math.signum(value) == sign) {
                sum += weights[t] * value;
                count++;
            }
        }
        return count == 0 ? 0 : sum / count;
    }
}
