package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * How well scores put the relevant documents of a query first. Documents of equal scores have no order, so each metric is its
 * mean over all orders of them: scores that are all equal are as good as chance, whatever the order of the documents is.
 *
 * <p>With the groups of equal scores that have relevant documents, of which group g has {@code s_g} documents behind {@code b_g}
 * better ones, and {@code p_g} of these are relevant:
 *
 * <pre>
 * recall@k         Σ_g p_g · min(s_g, max(0, k − b_g)) / s_g  divided by  Σ_g p_g
 * reciprocal rank  Σ_j P(j) / (b + j) in the first group, with P(j) = C(s − j, p − 1) / C(s, p)
 * nDCG@k           Σ_g p_g / s_g · Σ_{b_g &lt; i ≤ min(k, b_g + s_g)} 1/log₂(i + 1)  divided by that of the best order
 * </pre>
 *
 * <p>Without equal scores, these are the metrics of {@link Ranking}.
 */
public final class ExpectedRanking {
    /** Some documents of equal scores, of which at least one is relevant. */
    private record Group(int before, int size, int relevant) {
        /** How many of the group are among the first k, whatever the order is. */
        int among(int k) {
            return Math.min(size, Math.max(0, k - before));
        }
    }

    /** From the best to the worst. */
    private final List<Group> groups;

    private final int relevant;

    private ExpectedRanking(List<Group> groups, int relevant) {
        this.groups = groups;
        this.relevant = relevant;
    }

    /**
     * Sorts documents by their scores.
     *
     * @param scores the score of each document; a greater one is better
     * @param relevant the numbers of the relevant documents, at least one
     * @return the ranking
     * @throws IllegalArgumentException if a score is NaN, there is no relevant document, or one has no score
     */
    public static ExpectedRanking of(double[] scores, Set<Integer> relevant) {
        Objects.requireNonNull(scores, "scores must not be null");
        Objects.requireNonNull(relevant, "relevant must not be null");
        if (Arrays.stream(scores).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("the scores must be numbers, found NaN");
        }
        if (relevant.isEmpty() || relevant.stream().anyMatch(i -> i < 0 || i >= scores.length)) {
            throw new IllegalArgumentException("there must be a relevant document, and each must have one of the "
                    + scores.length + " scores, found " + relevant);
        }
        TreeMap<Double, Integer> counts = new TreeMap<>(Comparator.reverseOrder());
        // The sum is 0 for −0, which is equal to it.
        relevant.forEach(i -> counts.merge(scores[i] + 0.0, 1, Integer::sum));
        List<Group> groups = counts.entrySet().stream()
                .map(entry -> new Group(
                        count(scores, entry.getKey(), true), count(scores, entry.getKey(), false), entry.getValue()))
                .toList();
        return new ExpectedRanking(groups, relevant.size());
    }

    private static int count(double[] scores, double score, boolean better) {
        return (int) Arrays.stream(scores)
                .filter(other -> better ? other > score : other == score)
                .count();
    }

    /**
     * Returns whether a relevant document has the same score as one that is not.
     *
     * @return true if the metrics are means over several orders
     */
    public boolean isTied() {
        return groups.stream().anyMatch(group -> group.size > group.relevant);
    }

    /**
     * Returns how many of the relevant documents are among the first k.
     *
     * @param k how many are looked at, at least 1
     * @return between 0 and 1
     * @throws IllegalArgumentException if k is below 1
     */
    public double recallAt(int k) {
        require(k);
        return groups.stream()
                        .mapToDouble(group -> (double) group.relevant * group.among(k) / group.size)
                        .sum()
                / relevant;
    }

    /**
     * Returns 1 divided by the rank of the first relevant document, from 1. Its mean over queries is the mean reciprocal rank
     * (MRR).
     *
     * @return above 0, at most 1
     */
    public double reciprocalRank() {
        Group first = groups.get(0);
        double probability = (double) first.relevant / first.size;
        double sum = 0;
        for (int j = 1; j <= first.size - first.relevant + 1; j++) {
            sum += probability / (first.before + j);
            probability *= (double) (first.size - first.relevant - j + 1) / (first.size - j);
        }
        return sum;
    }

    /**
     * Returns the normalized discounted cumulative gain of the first k, where a relevant document has gain 1, see {@link
     * Ranking#ndcgAt}.
     *
     * @param k how many are looked at, at least 1
     * @return between 0 and 1
     * @throws IllegalArgumentException if k is below 1
     */
    public double ndcgAt(int k) {
        require(k);
        double gain = groups.stream()
                .mapToDouble(group -> (double) group.relevant
                        / group.size
                        * Ranking.discounts(group.before, group.before + group.among(k)))
                .sum();
        return gain / Ranking.discounts(0, Math.min(k, relevant));
    }

    private static void require(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1, found " + k);
        }
    }
}
