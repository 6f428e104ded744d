package org.lora4j.text.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * How well scores put the documents of a query first that people judged to be relevant. A judgement is a grade: 1 and more is
 * relevant, a greater one more so, and everything else, also what was not judged, is not relevant.
 *
 * <p>Documents of equal scores have no order of their own. With {@link #expected}, each metric is its mean over all orders of them:
 * scores that are all equal are as good as chance. {@link #byName} orders them as trec_eval does.
 *
 * <p>With the groups of equal scores that have relevant documents, of which group g has {@code s_g} documents behind {@code b_g} better
 * ones, {@code p_g} of these are relevant, and {@code r_g} are in better groups; with {@code n_g(k) = min(s_g, max(0, k − b_g))}, how many
 * of the group are among the first k; with R relevant documents in all, also those that were not found, and the gain G of a grade:
 *
 * <pre>
 * precision@k        Σ_g p_g · n_g(k)/s_g / k
 * recall@k           Σ_g p_g · n_g(k)/s_g / R
 * average precision  Σ_g p_g/s_g · Σ_{i ≤ s_g} (r_g + 1 + (i − 1)·(p_g − 1)/(s_g − 1)) / (b_g + i) / R
 * reciprocal rank    Σ_j P(j) / (b + j) in the first group, with P(j) = C(s − j, p − 1) / C(s, p)
 * DCG@k              Σ_g G_g/s_g · Σ_{b_g &lt; i ≤ b_g + n_g(k)} 1/log₂(i + 1)
 * nDCG@k             DCG@k divided by that of the best order of all judged documents
 * </pre>
 *
 * <p>Groups of one document each are a plain order, and these are the formulas of trec_eval
 * (<a href="https://github.com/usnistgov/trec_eval">source</a>); nDCG is by Järvelin and Kekäläinen
 * (<a href="https://doi.org/10.1145/582415.582418">doi:10.1145/582415.582418</a>), and the means over ties by McSherry and Najork
 * (<a href="https://doi.org/10.1007/978-3-540-78646-7_38">doi:10.1007/978-3-540-78646-7_38</a>). Without relevant documents each is 0.
 */
public final class Ranking {
    /** What a relevant document is worth in nDCG. */
    public enum Gain {
        /** The grade itself, as in trec_eval and BEIR. */
        LINEAR(grade -> grade),
        /** {@code 2^grade − 1} (Burges and others 2005, doi:10.1145/1102351.1102363). */
        EXPONENTIAL(grade -> Math.pow(2, grade) - 1);

        @SuppressWarnings("ImmutableEnumChecker") // a function without state
        private final DoubleUnaryOperator ofGrade;

        Gain(DoubleUnaryOperator ofGrade) {
            this.ofGrade = ofGrade;
        }

        private double sum(List<Integer> grades) {
            return grades.stream().mapToDouble(this::of).sum();
        }

        private double of(int grade) {
            return ofGrade.applyAsDouble(grade);
        }
    }

    /** Some documents of equal scores, with the grades of those that are relevant, at least one. */
    private record Group(int before, int size, List<Integer> grades) {
        /** How many of the group are among the first k, whatever the order is. */
        int among(int k) {
            return Math.min(size, Math.max(0, k - before));
        }

        int relevant() {
            return grades.size();
        }

        /** Whether another order of the group would give other metrics. */
        boolean isTied() {
            return size > relevant() || grades.stream().distinct().count() > 1;
        }
    }

    /** From the best to the worst. */
    private final List<Group> groups;

    /** The grades of all relevant documents, the greatest first. */
    private final List<Integer> best;

    private final int documents;
    private final boolean tied;

    private Ranking(List<Group> groups, List<Integer> best, int documents, boolean tied) {
        this.groups = groups;
        this.best = best;
        this.documents = documents;
        this.tied = tied;
    }

    /**
     * Sorts documents by their scores, with equal ones in no order.
     *
     * @param scores the score of each document; a greater one is better
     * @param grades the grades by the number of the document
     * @return the ranking
     * @throws IllegalArgumentException if a score is NaN, or a document with a grade has no score
     */
    public static Ranking expected(double[] scores, Map<Integer, Integer> grades) {
        Objects.requireNonNull(scores, "scores must not be null");
        Objects.requireNonNull(grades, "grades must not be null");
        if (grades.keySet().stream().anyMatch(i -> i < 0 || i >= scores.length)) {
            throw new IllegalArgumentException(
                    "each document with a grade must have one of the " + scores.length + " scores, found " + grades);
        }
        return of(scores, grades, List.of());
    }

    /**
     * Sorts documents by their scores, with equal ones in no order.
     *
     * @param scores the score of each document that was found; a greater one is better
     * @param grades the grades, also of documents that were not found
     * @param <T> what names a document
     * @return the ranking
     * @throws IllegalArgumentException if a score is NaN
     */
    public static <T> Ranking expected(Map<T, Double> scores, Map<T, Integer> grades) {
        List<T> documents = List.copyOf(scores.keySet());
        return of(
                documents,
                grades,
                documents.stream()
                        .mapToDouble(document -> Objects.requireNonNull(scores.get(document)))
                        .toArray());
    }

    /**
     * Sorts documents by their scores; of equal ones the greater name comes first ({@code d9} before {@code d10}), as in trec_eval.
     *
     * @param scores the score of each document that was found; a greater one is better
     * @param grades the grades, also of documents that were not found
     * @return the ranking
     * @throws IllegalArgumentException if a score is NaN
     */
    public static Ranking byName(Map<String, Double> scores, Map<String, Integer> grades) {
        boolean tied = expected(scores, grades).isTied();
        Comparator<Map.Entry<String, Double>> byScore = Comparator.comparingDouble(entry -> entry.getValue() + 0.0);
        Ranking ordered = ofOrder(
                scores.entrySet().stream()
                        .sorted(byScore.thenComparing(Map.Entry.comparingByKey())
                                .reversed())
                        .map(Map.Entry::getKey)
                        .toList(),
                grades);
        return new Ranking(ordered.groups, ordered.best, ordered.documents, tied);
    }

    /**
     * Takes documents in a given order.
     *
     * @param ranked the documents that were found, the best first, each once
     * @param grades the grades, also of documents that were not found
     * @param <T> what names a document
     * @return the ranking
     */
    public static <T> Ranking ofOrder(List<T> ranked, Map<T, Integer> grades) {
        int count = ranked.size();
        return of(
                ranked,
                grades,
                IntStream.range(0, count).mapToDouble(i -> (double) count - i).toArray());
    }

    private static <T> Ranking of(List<T> documents, Map<T, Integer> grades, double[] scores) {
        Map<T, Integer> missing = new HashMap<>(grades);
        Map<Integer, Integer> found = new HashMap<>();
        for (int i = 0; i < scores.length; i++) {
            Integer grade = missing.remove(documents.get(i));
            if (grade != null) {
                found.put(i, grade);
            }
        }
        return of(scores, found, List.copyOf(missing.values()));
    }

    private static Ranking of(double[] scores, Map<Integer, Integer> found, List<Integer> missing) {
        if (Arrays.stream(scores).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("the scores must be numbers, found NaN");
        }
        List<Integer> best = new ArrayList<>();
        TreeMap<Double, List<Integer>> grades = new TreeMap<>(Comparator.reverseOrder());
        found.forEach((document, grade) -> {
            if (isRelevant(grade)) {
                best.add(grade);
                // The sum is 0 for −0, which is equal to it.
                grades.computeIfAbsent(scores[document] + 0.0, score -> new ArrayList<>())
                        .add(grade);
            }
        });
        missing.stream().filter(Ranking::isRelevant).forEach(best::add);
        best.sort(Collections.reverseOrder());
        List<Group> groups = grades.entrySet().stream()
                .map(entry -> new Group(
                        count(scores, entry.getKey(), true), count(scores, entry.getKey(), false), entry.getValue()))
                .toList();
        return new Ranking(groups, best, scores.length, groups.stream().anyMatch(Group::isTied));
    }

    /**
     * Returns whether a grade says that a document is relevant.
     *
     * @param grade the grade
     * @return true from 1 on
     */
    public static boolean isRelevant(int grade) {
        return grade >= 1;
    }

    private static int count(double[] scores, double score, boolean better) {
        return (int) Arrays.stream(scores)
                .filter(other -> better ? other > score : other == score)
                .count();
    }

    /**
     * Returns whether a relevant document has the same score as one with another grade.
     *
     * @return true if the metrics are means over several orders, or names decided about the order
     */
    public boolean isTied() {
        return tied;
    }

    /**
     * Returns the number of documents that were found.
     *
     * @return at least 0
     */
    public int documents() {
        return documents;
    }

    /**
     * Returns the number of relevant documents.
     *
     * @return those that were found and those that were not
     */
    public int relevant() {
        return best.size();
    }

    /**
     * Returns the number of relevant documents that were found.
     *
     * @return at least 0
     */
    public int relevantFound() {
        return groups.stream().mapToInt(Group::relevant).sum();
    }

    private double among(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1, found " + k);
        }
        return groups.stream()
                .mapToDouble(group -> (double) group.relevant() * group.among(k) / group.size)
                .sum();
    }

    /**
     * Returns how many of the first k documents are relevant, divided by k, also if there are fewer documents.
     *
     * @param k how many are looked at, at least 1
     * @return between 0 and 1
     * @throws IllegalArgumentException if k is below 1
     */
    public double precisionAt(int k) {
        return among(k) / k;
    }

    /**
     * Returns how many of the relevant documents are among the first k.
     *
     * @param k how many are looked at, at least 1
     * @return between 0 and 1
     * @throws IllegalArgumentException if k is below 1
     */
    public double recallAt(int k) {
        return among(k) / Math.max(1, relevant());
    }

    /**
     * Returns 1 divided by the rank of the first relevant document, from 1; 0 if there is none. Its mean over queries is the mean
     * reciprocal rank (MRR).
     *
     * @return between 0 and 1
     */
    public double reciprocalRank() {
        if (groups.isEmpty()) {
            return 0;
        }
        Group first = groups.get(0);
        double probability = (double) first.relevant() / first.size;
        double sum = 0;
        for (int j = 1; j <= first.size - first.relevant() + 1; j++) {
            sum += probability / (first.before + j);
            probability *= (double) (first.size - first.relevant() - j + 1) / (first.size - j);
        }
        return sum;
    }

    /**
     * Returns the mean over the relevant documents of the precision at their ranks, 0 for those that were not found. Its mean over
     * queries is the mean average precision (MAP).
     *
     * @return between 0 and 1
     */
    public double averagePrecision() {
        double sum = 0;
        int before = 0;
        for (Group group : groups) {
            double share = (double) group.relevant() / group.size;
            // Of the documents before one of the group, so many of the group are relevant.
            double others = group.size == 1 ? 0 : (group.relevant() - 1.0) / (group.size - 1);
            for (int i = 1; i <= group.size; i++) {
                sum += share * (before + 1 + (i - 1) * others) / (group.before + i);
            }
            before += group.relevant();
        }
        return sum / Math.max(1, relevant());
    }

    /**
     * Returns the normalized discounted cumulative gain of the first k.
     *
     * @param k how many are looked at, at least 1; {@link Integer#MAX_VALUE} for all
     * @param gain what a grade is worth
     * @return between 0 and 1
     * @throws IllegalArgumentException if k is below 1
     */
    public double ndcgAt(int k, Gain gain) {
        if (among(k) == 0) {
            return 0;
        }
        double found = groups.stream()
                .mapToDouble(group ->
                        gain.sum(group.grades) / group.size * discounts(group.before, group.before + group.among(k)))
                .sum();
        double ideal = IntStream.range(0, Math.min(k, best.size()))
                .mapToDouble(i -> gain.of(best.get(i)) * discount(i))
                .sum();
        return found / ideal;
    }

    /** The sum of what the places from one on and before another, both from 0, are worth. */
    private static double discounts(int from, int to) {
        return IntStream.range(from, to).mapToDouble(Ranking::discount).sum();
    }

    private static double discount(int i) {
        return Math.log(2) / Math.log(i + 2);
    }
}
