package org.lora4j.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.tokens.TextPair;

class LabelledQueriesTest {
    private static LabelledPair pair(String query, String text, boolean right) {
        return new LabelledPair(new TextPair(query, text), right);
    }

    /** The pairs of mined triples: each negative stands beside the right text of its query again. */
    private static List<LabelledPair> triples(int queries, int negatives) {
        List<LabelledPair> pairs = new ArrayList<>();
        for (int q = 0; q < queries; q++) {
            for (int i = 0; i < negatives; i++) {
                pairs.add(pair("query " + q, "right " + q, true));
                pairs.add(pair("query " + q, "wrong " + i, false));
            }
        }
        return pairs;
    }

    private static RankedTexts ranked(List<LabelledPair> pairs, double[] scores) {
        LabelledQueries queries = new LabelledQueries();
        pairs.forEach(queries::add);
        return queries.ranked(scores);
    }

    private static RankMetrics metrics(List<LabelledPair> pairs, double[] scores) {
        return ranked(pairs, scores).found().metrics();
    }

    @Test
    void eachTextOfAQueryCountsOnceHoweverManyTriplesHaveIt() {
        List<LabelledPair> pairs = triples(7, 5);
        double[] perfect =
                pairs.stream().mapToDouble(pair -> pair.right() ? 1 : 0).toArray();
        RankMetrics found = metrics(pairs, perfect);
        assertThat(found).isEqualTo(new RankMetrics(7, 7 * 6, 1, 1, 1, 1, 0.1, 1, 1, 1, 1, 0));
        List<LabelledPair> labelled = pairs.stream().distinct().toList();
        assertThat(metrics(
                        labelled,
                        labelled.stream()
                                .mapToDouble(pair -> pair.right() ? 1 : 0)
                                .toArray()))
                .isEqualTo(found);
    }

    /** Whatever the order in the file is, the right one of six is the first one in a sixth of all orders. */
    @Test
    void equalScoresAreAsGoodAsChance() {
        List<LabelledPair> pairs = triples(3, 5);
        RankedTexts found = ranked(pairs, new double[pairs.size()]);
        RankMetrics metrics = found.found().metrics();
        assertThat(metrics.recallAt1()).isCloseTo(1.0 / 6, within(1e-12));
        assertThat(metrics.mrr()).isCloseTo((1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5 + 1.0 / 6) / 6, within(1e-12));
        assertThat(metrics.tied()).isEqualTo(1);
        assertThat(found.chance().metrics()).isEqualTo(metrics);
    }

    @Test
    void aTextIsRightIfARowSaysSo() {
        List<LabelledPair> pairs =
                List.of(pair("q", "a", false), pair("q", "b", false), pair("q", "a", true), pair("only", "a", true));
        assertThat(metrics(pairs, new double[] {3, 2, 1, 0}))
                .isEqualTo(new RankMetrics(1, 2, 1, 1, 1, 1, 0.1, 1, 1, 1, 1, 0));
        assertThat(Objects.requireNonNull(
                                ranked(pairs, new double[] {0.9, 0.2, 0.1, 0.5}).calibration())
                        .expectedError())
                .isCloseTo((0.1 + 0.2) / 2, within(1e-12));
        assertThat(ranked(pairs, new double[] {0.9, 1.2, 0.1, 0.5}).calibration())
                .as("a score above 1 is no probability")
                .isNull();
    }
}
