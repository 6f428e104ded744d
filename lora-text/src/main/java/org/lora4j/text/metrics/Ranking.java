package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/** How well scores put the right ones first. {@link ExpectedRanking} has equal scores in no order. */
public final class Ranking {
    private Ranking() {}

    /**
     * Returns the area under the receiver operating characteristic: the probability that a positive example has a greater score
     * than a negative one, where equal scores count one half.
     *
     * <pre>AUC = (Σ ranks of the positive ones − p·(p + 1)/2) / (p·n)</pre>
     *
     * with ranks from 1, and their mean for equal scores (Mann and Whitney, 1947).
     *
     * @param scores the score of each example
     * @param positive whether it is positive
     * @return between 0 and 1
     * @throws IllegalArgumentException if the lengths differ, a score is NaN, or there is no positive or no negative example
     */
    public static double rocAuc(double[] scores, boolean[] positive) {
        Objects.requireNonNull(scores, "scores must not be null");
        Objects.requireNonNull(positive, "positive must not be null");
        if (scores.length != positive.length || Arrays.stream(scores).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("there must be a score that is a number for each of the "
                    + positive.length + " examples, found " + scores.length + " scores");
        }
        int[] order = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> scores[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double ranks = 0;
        long positives = 0;
        for (int from = 0; from < order.length; ) {
            int to = from;
            long here = 0;
            for (; to < order.length && scores[order[to]] == scores[order[from]]; to++) {
                here += positive[order[to]] ? 1 : 0;
            }
            ranks += here * (from + 1 + to) / 2.0;
            positives += here;
            from = to;
        }
        long negatives = scores.length - positives;
        if (positives == 0 || negatives == 0) {
            throw new IllegalArgumentException("there must be positive and negative examples, found " + positives
                    + " positive and " + negatives + " negative");
        }
        return (ranks - positives * (positives + 1) / 2.0) / ((double) positives * negatives);
    }

    /**
     * Returns how many of the relevant documents are among the first k: {@code |relevant ∩ first k| / |relevant|}.
     *
     * @param ranked the documents, the best first
     * @param relevant the relevant documents, at least one
     * @param k how many are looked at, at least 1
     * @param <T> what names a document
     * @return between 0 and 1
     * @throws IllegalArgumentException if there is no relevant document, or k is below 1
     */
    public static <T> double recallAt(int k, List<T> ranked, Set<T> relevant) {
        require(k, ranked, relevant);
        return (double) new HashSet<>(first(k, ranked))
                        .stream().filter(relevant::contains).count()
                / relevant.size();
    }

    /**
     * Returns 1 divided by the rank of the first relevant document, from 1; 0 if there is none. Its mean over queries is the
     * mean reciprocal rank (MRR).
     *
     * @param ranked the documents, the best first
     * @param relevant the relevant documents, at least one
     * @param <T> what names a document
     * @return between 0 and 1
     * @throws IllegalArgumentException if there is no relevant document
     */
    public static <T> double reciprocalRank(List<T> ranked, Set<T> relevant) {
        require(1, ranked, relevant);
        for (int i = 0; i < ranked.size(); i++) {
            if (relevant.contains(ranked.get(i))) {
                return 1.0 / (i + 1);
            }
        }
        return 0;
    }

    /**
     * Returns the normalized discounted cumulative gain of the first k, where a relevant document has gain 1
     * (<a href="https://doi.org/10.1145/582415.582418">doi:10.1145/582415.582418</a>):
     *
     * <pre>Σ_{i ≤ k, relevant} 1/log₂(i + 1)  divided by  Σ_{i ≤ min(k, |relevant|)} 1/log₂(i + 1)</pre>
     *
     * @param ranked the documents, the best first, each once
     * @param relevant the relevant documents, at least one
     * @param k how many are looked at, at least 1
     * @param <T> what names a document
     * @return between 0 and 1
     * @throws IllegalArgumentException if there is no relevant document, or k is below 1
     */
    public static <T> double ndcgAt(int k, List<T> ranked, Set<T> relevant) {
        require(k, ranked, relevant);
        List<T> first = first(k, ranked);
        double gain = IntStream.range(0, first.size())
                .filter(i -> relevant.contains(first.get(i)))
                .mapToDouble(Ranking::discount)
                .sum();
        return gain / discounts(0, Math.min(k, relevant.size()));
    }

    /** The gain of relevant documents at all places from one on and before another, both from 0. */
    static double discounts(int from, int to) {
        return IntStream.range(from, to).mapToDouble(Ranking::discount).sum();
    }

    private static double discount(int i) {
        return Math.log(2) / Math.log(i + 2);
    }

    private static <T> List<T> first(int k, List<T> ranked) {
        return ranked.subList(0, Math.min(k, ranked.size()));
    }

    private static void require(int k, List<?> ranked, Set<?> relevant) {
        Objects.requireNonNull(ranked, "ranked must not be null");
        Objects.requireNonNull(relevant, "relevant must not be null");
        if (relevant.isEmpty() || k < 1) {
            throw new IllegalArgumentException("there must be a relevant document, and k must be at least 1, found "
                    + relevant.size() + " and k " + k);
        }
    }
}
