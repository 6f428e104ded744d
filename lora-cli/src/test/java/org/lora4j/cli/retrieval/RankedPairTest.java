package org.lora4j.cli.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.Copies;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.tokens.TextPair;

class RankedPairTest {
    private static RankedPair pair(String query, String text, boolean right) {
        return new RankedPair(new TextPair(query, text), right);
    }

    /** The pairs of mined triples: each negative stands beside the right text of its query again. */
    private static List<RankedPair> triples(int queries, int negatives) {
        List<RankedPair> pairs = new ArrayList<>();
        for (int q = 0; q < queries; q++) {
            for (int i = 0; i < negatives; i++) {
                pairs.add(pair("query " + q, "right " + q, true));
                pairs.add(pair("query " + q, "wrong " + i, false));
            }
        }
        return pairs;
    }

    private static RankMetrics rank(List<RankedPair> pairs, double[] scores) {
        return RankedPair.Queries.of(pairs).rank(scores).metrics();
    }

    @Test
    void eachTextOfAQueryCountsOnceHoweverManyTriplesHaveIt() {
        List<RankedPair> pairs = triples(7, 5);
        double[] perfect =
                pairs.stream().mapToDouble(pair -> pair.right() ? 1 : 0).toArray();
        RankMetrics found = rank(pairs, perfect);
        assertThat(found).isEqualTo(new RankMetrics(7, 7 * 6, 1, 1, 1, 1, 0));
        List<RankedPair> labelled = pairs.stream().distinct().toList();
        assertThat(rank(
                        labelled,
                        labelled.stream()
                                .mapToDouble(pair -> pair.right() ? 1 : 0)
                                .toArray()))
                .isEqualTo(found);
    }

    /** Whatever the order in the file is, the right one of six is the first one in a sixth of all orders. */
    @Test
    void equalScoresAreAsGoodAsChance() {
        List<RankedPair> pairs = triples(3, 5);
        RankMetrics found = rank(pairs, new double[pairs.size()]);
        assertThat(found.recallAt1()).isCloseTo(1.0 / 6, within(1e-12));
        assertThat(found.mrr()).isCloseTo((1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5 + 1.0 / 6) / 6, within(1e-12));
        assertThat(found.tied()).isEqualTo(1);
        assertThat(RankedPair.Queries.of(pairs).chance().metrics()).isEqualTo(found);
    }

    @Test
    void aTextIsRightIfARowSaysSo() {
        List<RankedPair> pairs =
                List.of(pair("q", "a", false), pair("q", "b", false), pair("q", "a", true), pair("only", "a", true));
        RankMetrics found = rank(pairs, new double[] {3, 2, 1, 0});
        assertThat(found).isEqualTo(new RankMetrics(1, 2, 1, 1, 1, 1, 0));
        assertThat(RankedPair.Queries.of(pairs)
                        .calibration(new double[] {0.9, 0.2, 0.1, 0.5})
                        .expectedError())
                .isCloseTo((0.1 + 0.2) / 2, within(1e-12));
    }

    @Test
    void theOtherRightTextsOfAQueryAreNoNegatives() {
        RightTexts right = new RightTexts();
        FoundTexts first = new FoundTexts("q", "a", "c");
        FoundTexts second = new FoundTexts("r", "b", "a");
        right.add(first);
        right.add(second);
        // A row of another batch.
        right.add(new FoundTexts("q", "b", "x"));
        assertThat(right.of(List.of(first, second), List.of("a", "b", "c", "a")))
                .isDeepEqualTo(new boolean[][] {{true, true, false, true}, {false, true, false, false}});
    }

    /** A pair beside another negative is another row; the same row again is a copy. */
    @Test
    void onlyWholeRowsAreCopies(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("triples.csv"), "query,positive,negative\nq,a,b\nq,a,c\nq,a,b\nr,a,b\n");
        DataFile data = new DataFile(file, null, null, Division.NONE, false);
        PairColumns columns = new PairColumns(
                column("query"), column("positive"), column("negative"), column("passage"), column("label"));
        try (DataFile.Parts<FoundTexts> found = FoundTexts.read(data, columns, example -> {}, 0);
                DataFile.Parts<RankedPair> ranked = RankedPair.read(data, columns, (examples, part) -> {}, 0)) {
            assertThat(found.copies()).isEqualTo(new Copies(1, 0));
            assertThat(ranked.copies()).isEqualTo(new Copies(1, 0));
            assertThat(ranked.train()).hasSize(8);
        }
    }

    private static Column column(String name) {
        return new Column("--" + name, name);
    }
}
