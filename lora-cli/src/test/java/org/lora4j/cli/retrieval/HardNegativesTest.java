package org.lora4j.cli.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.cli.retrieval.HardNegatives.Negative;
import org.lora4j.cli.retrieval.HardNegatives.Rule;
import picocli.CommandLine;

class HardNegativesTest {
    private static final double[] SCORES = {0.9, 0.8, 0.7, 0.6, 0.5, 0.4, -0.2};

    private static MiningSettings settings(
            int negatives, int from, @Nullable Integer to, @Nullable Double max, @Nullable Double margin) {
        List<Object> words = new ArrayList<>(List.of("--negatives", negatives, "--range-min", from));
        add(words, "--range-max", to);
        add(words, "--max-score", max);
        add(words, "--absolute-margin", margin);
        return settings(words.toArray());
    }

    private static void add(List<Object> words, String option, @Nullable Object value) {
        if (value != null) {
            words.addAll(List.of(option, value));
        }
    }

    private static MiningSettings settings(Object... words) {
        MiningSettings settings = CommandLine.populateCommand(
                new MiningSettings(), Arrays.stream(words).map(String::valueOf).toArray(String[]::new));
        settings.requireValid();
        return settings;
    }

    private static List<Integer> texts(List<Negative> negatives) {
        return negatives.stream().map(Negative::text).toList();
    }

    private static List<Integer> choose(MiningSettings settings, Set<Integer> positives) {
        return texts(new HardNegatives(settings, positives.size(), 1).choose(SCORES, positives));
    }

    @Test
    void theMostSimilarOthersAreChosen() {
        assertThat(choose(settings(2, 0, null, null, null), Set.of(1))).containsExactly(0, 2);
        assertThat(choose(settings(2, 1, null, null, null), Set.of(1))).containsExactly(2, 3);
        assertThat(choose(settings(2, 1, 3, null, null), Set.of(1))).containsExactly(2, 3);
        assertThat(choose(settings(9, 0, null, null, null), Set.of(0, 6))).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void textsBeyondALimitAreLeftOut() {
        HardNegatives negatives = new HardNegatives(settings(3, 0, null, 0.75, 0.15), 1, 1);
        // At least 0.15 below 0.8: 0.9 and 0.7 are too near.
        assertThat(texts(negatives.choose(SCORES, Set.of(1)))).containsExactly(3, 4, 5);
        assertThat(negatives.excluded()).isEqualTo(Map.of(Rule.ABSOLUTE_MARGIN, 2L));
        // Of several right texts, the least similar one counts.
        assertThat(texts(negatives.choose(SCORES, Set.of(1, 3)))).containsExactly(5, 6);
        MiningSettings relative = settings("--negatives", 2, "--min-score", 0.45, "--relative-margin", 0.5);
        assertThat(choose(relative, Set.of(0))).isEmpty();
        assertThat(choose(settings("--negatives", 2, "--relative-margin", 0.25), Set.of(0)))
                .containsExactly(3, 4);
        // Half of the size of a negative similarity lies below it.
        assertThat(choose(settings("--negatives", 2, "--relative-margin", 0.5), Set.of(6)))
                .isEmpty();
    }

    @Test
    void whatARerankerCallsRightIsLeftOut() {
        HardNegatives negatives = new HardNegatives(settings(2, 1, null, null, null), 1, 1);
        List<Integer> asked = new ArrayList<>();
        List<Negative> chosen = negatives.choose(SCORES, Set.of(1), candidates -> {
            asked.addAll(texts(candidates));
            boolean[] right = new boolean[candidates.size()];
            right[0] = true;
            right[2] = true;
            return right;
        });
        assertThat(asked).startsWith(0, 2, 3).doesNotContain(1);
        // 0 and 3 are right, 2 is the most similar one that is left out, 4 is the next.
        assertThat(texts(chosen)).containsExactly(4);
        assertThat(negatives.excluded()).isEqualTo(Map.of(Rule.RERANKER, 2L));
        MiningSettings judged = settings("--negatives", 2, "--reranker", "any");
        assertThat(judged.lastRank(1))
                .as("more candidates, because some are left out")
                .isEqualTo(21);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings("--reranker-adapter", "any"))
                .withMessageContaining("--reranker-adapter must be used with --reranker");
    }

    @Test
    void aSampleIsOneOfTheCandidates() {
        MiningSettings settings =
                settings("--negatives", 2, "--range-min", 1, "--range-max", 5, "--sampling", "RANDOM");
        HardNegatives negatives = new HardNegatives(settings, 1, 3);
        Set<List<Integer>> found = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            List<Negative> chosen = negatives.choose(SCORES, Set.of(0));
            assertThat(chosen).hasSize(2).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
            found.add(texts(chosen));
        }
        // Two of the ranks 2 to 5, which are the texts 2 to 5.
        assertThat(found).hasSize(6).allMatch(texts -> texts.stream().allMatch(text -> text >= 2 && text <= 5));
        assertThat(new HardNegatives(settings, 1, 3).choose(SCORES, Set.of(0)))
                .isEqualTo(new HardNegatives(settings, 1, 3).choose(SCORES, Set.of(0)));
    }

    private record Limits(
            @Nullable Double maxScore,
            @Nullable Double minScore,
            @Nullable Double absoluteMargin,
            @Nullable Double relativeMargin) {
        void addTo(List<Object> words) {
            add(words, "--max-score", maxScore);
            add(words, "--min-score", minScore);
            add(words, "--absolute-margin", absoluteMargin);
            add(words, "--relative-margin", relativeMargin);
        }
    }

    /** The tensors of sentence-transformers, of one query: its scores become −∞ where a text is no candidate. */
    private static List<Integer> asPython(
            double[] scores, Set<Integer> positives, MiningSettings settings, Limits limits, int most) {
        int rangeMax = settings.lastRank(most);
        double nothing = Double.NEGATIVE_INFINITY;
        int[] order = IntStream.range(0, scores.length)
                .boxed()
                .sorted((a, b) -> Double.compare(scores[b], scores[a]))
                .mapToInt(i -> i)
                .toArray();
        int columns = rangeMax + most;
        int[] indices = Arrays.copyOf(Arrays.copyOf(order, Math.min(order.length, columns)), columns);
        double[] row = new double[columns];
        double positive = positives.stream().mapToDouble(i -> scores[i]).min().orElseThrow();
        for (int i = 0; i < columns; i++) {
            row[i] = i < order.length && !positives.contains(indices[i]) ? scores[indices[i]] : nothing;
            boolean isOut = (limits.absoluteMargin() != null && row[i] + limits.absoluteMargin() > positive)
                    || (limits.relativeMargin() != null
                            && row[i] > positive - Math.abs(positive) * limits.relativeMargin())
                    || (limits.maxScore() != null && row[i] > limits.maxScore())
                    || (limits.minScore() != null && row[i] < limits.minScore());
            row[i] = isOut ? nothing : row[i];
        }
        List<Integer> columnsByScore =
                new ArrayList<>(IntStream.range(0, columns).boxed().toList());
        columnsByScore.sort((a, b) -> Double.compare(row[b], row[a]));
        return columnsByScore.subList(0, rangeMax).subList(settings.rangeMin(), rangeMax).stream()
                .limit(settings.negatives())
                .filter(column -> row[column] != nothing)
                .map(column -> indices[column])
                .toList();
    }

    @Test
    void randomScoresAreChosenFromAsInPython() {
        Random random = new Random(7);
        int some = 0;
        for (int i = 0; i < 2000; i++) {
            double[] scores = random.doubles(random.nextInt(2, 30), -1, 1).toArray();
            Set<Integer> positives = new HashSet<>();
            int most = random.nextInt(1, 4);
            for (int k = 0; k < most; k++) {
                positives.add(random.nextInt(scores.length));
            }
            int negatives = random.nextInt(1, 5);
            int from = random.nextInt(4);
            Limits limits = new Limits(
                    random.nextBoolean() ? null : (Double) random.nextDouble(),
                    random.nextBoolean() ? null : (Double) (-random.nextDouble()),
                    random.nextBoolean() ? null : (Double) random.nextDouble(0.5),
                    random.nextBoolean() ? null : (Double) random.nextDouble(0.5));
            List<Object> words = new ArrayList<>(List.of("--negatives", negatives, "--range-min", from));
            add(words, "--range-max", random.nextBoolean() ? null : from + negatives + random.nextInt(10));
            limits.addTo(words);
            MiningSettings settings = settings(words.toArray());
            List<Integer> found = texts(new HardNegatives(settings, most, 1).choose(scores, positives));
            assertThat(found)
                    .as("%s of %s with %s", words, Arrays.toString(scores), positives)
                    .isEqualTo(asPython(scores, positives, settings, limits, most));
            some += found.size();
        }
        assertThat(some).isGreaterThan(1000);
    }

    @Test
    void settingsThatLeaveNothingAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(0, 0, null, null, null))
                .withMessage("--negatives must be at least 1, found 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(1, -1, null, null, null))
                .withMessage("--range-min must be at least 0, found -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(3, 2, 4, null, null))
                .withMessage(
                        "--range-max must leave 3 candidates after the first 2 that --range-min leaves out, found 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(1, Integer.MAX_VALUE, Integer.MIN_VALUE, null, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(1, 0, null, Double.NaN, null))
                .withMessage("--max-score must be a finite number, found NaN");
        assertThat(choose(settings(Integer.MAX_VALUE, Integer.MAX_VALUE, null, 0.5, null), Set.of(0)))
                .isEmpty();
    }
}
