package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;

/**
 * Chooses texts that look like an answer and are none, as {@code mine_hard_negatives} of sentence-transformers does it (<a
 * href="https://arxiv.org/abs/2407.15831">arXiv:2407.15831</a>).
 *
 * <p>Of the {@code rangeMax + p} texts that are most similar to a query, where p is the greatest number of texts that belong to one
 * query, those that belong to it are left out, and those that a rule excludes. Of the others, from the most similar to the least, the
 * ranks from {@code rangeMin} up to {@code rangeMax} are the candidates.
 */
final class HardNegatives {
    /** Why a text is no candidate. */
    enum Rule {
        /** It is not less similar than the text that belongs to the query by the absolute margin. */
        ABSOLUTE_MARGIN,
        /** The same with the relative margin. */
        RELATIVE_MARGIN,
        /** It is more similar than the greatest score. */
        MAX_SCORE,
        /** It is less similar than the least score. */
        MIN_SCORE,
        /** The reranker says that it belongs to the query. */
        RERANKER
    }

    /**
     * A text that was chosen.
     *
     * @param text its number
     * @param score its similarity with the query
     */
    record Negative(int text, double score) {}

    /** Says which candidates are right after all. */
    @FunctionalInterface
    interface Judge {
        /**
         * Looks at candidates.
         *
         * @param candidates the candidates of a query
         * @return whether each of them belongs to the query
         */
        boolean[] right(List<Negative> candidates);
    }

    private final MiningSettings settings;
    private final int mostPositives;
    private final Random random;
    private final Map<Rule, Long> excluded = new EnumMap<>(Rule.class);

    /**
     * Creates an instance.
     *
     * @param mostPositives the greatest number of texts that belong to one query
     * @param seed the seed of the sampling
     */
    HardNegatives(MiningSettings settings, int mostPositives, long seed) {
        this.settings = settings;
        this.mostPositives = mostPositives;
        random = new Random(seed);
    }

    /** Chooses the negatives of a query, of which no judge knows more. */
    List<Negative> choose(double[] scores, Set<Integer> positives) {
        return choose(scores, positives, candidates -> new boolean[candidates.size()]);
    }

    /**
     * Chooses the negatives of a query.
     *
     * @param scores the similarity of each text with the query
     * @param positives the texts that belong to the query
     * @param judge says which of the others belong to it too
     * @return from the most similar to the least, at most as many as the settings say
     */
    List<Negative> choose(double[] scores, Set<Integer> positives, Judge judge) {
        double leastPositive =
                positives.stream().mapToDouble(text -> scores[text]).min().orElseThrow();
        int lastRank = settings.lastRank(mostPositives);
        List<Negative> candidates = new ArrayList<>();
        for (int text : mostSimilar(scores, lastRank + (long) mostPositives)) {
            if (!positives.contains(text)) {
                Rule rule = settings.exclusion(scores[text], leastPositive);
                if (rule == null) {
                    candidates.add(new Negative(text, scores[text]));
                } else {
                    excluded.merge(rule, 1L, Long::sum);
                }
            }
        }
        candidates = wrong(candidates, judge);
        int end = Math.min(candidates.size(), lastRank);
        List<Negative> inRange = candidates.subList(Math.min(settings.rangeMin(), end), end);
        return settings.sampling() == MiningSettings.Sampling.TOP ? first(inRange) : sample(inRange);
    }

    private List<Negative> wrong(List<Negative> candidates, Judge judge) {
        boolean[] right = judge.right(candidates);
        List<Negative> wrong = new ArrayList<>();
        for (int i = 0; i < right.length; i++) {
            if (right[i]) {
                excluded.merge(Rule.RERANKER, 1L, Long::sum);
            } else {
                wrong.add(candidates.get(i));
            }
        }
        return wrong;
    }

    private List<Negative> first(List<Negative> candidates) {
        return List.copyOf(candidates.subList(0, Math.min(candidates.size(), settings.negatives())));
    }

    private List<Negative> sample(List<Negative> candidates) {
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            ranks.add(i);
        }
        Collections.shuffle(ranks, random);
        return ranks.subList(0, Math.min(ranks.size(), settings.negatives())).stream()
                .sorted()
                .map(candidates::get)
                .toList();
    }

    /** The texts with the greatest scores, from the greatest on; of equal ones the first. */
    private static List<Integer> mostSimilar(double[] scores, long most) {
        Comparator<Integer> byScore =
                Comparator.<Integer>comparingDouble(i -> -scores[i]).thenComparing(i -> i);
        PriorityQueue<Integer> best = new PriorityQueue<>(byScore.reversed());
        for (int i = 0; i < scores.length; i++) {
            if (best.size() < most) {
                best.add(i);
            } else if (byScore.compare(i, Objects.requireNonNull(best.peek())) < 0) {
                best.poll();
                best.add(i);
            }
        }
        List<Integer> sorted = new ArrayList<>(best);
        sorted.sort(byScore);
        return sorted;
    }

    /** How many texts each rule has excluded. */
    Map<Rule, Long> excluded() {
        return Collections.unmodifiableMap(excluded);
    }
}
