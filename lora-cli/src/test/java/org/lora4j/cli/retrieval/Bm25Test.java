package org.lora4j.cli.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.data.SearchCollection;

class Bm25Test {
    private static final List<String> TEXTS =
            List.of("The cat sat on the mat.", "A dog, a cat and a mouse", "Birds fly");

    /** The numbers are those of a program that computes the formula by itself. */
    @ParameterizedTest
    @CsvSource({
        "the CAT, 0.7778528555499981, 0.1835951676741155",
        "a a bird cat, 0.19748051648980489, 1.474159974268492",
        "'?', 0, 0"
    })
    void scoresAreThoseOfTheFormula(String query, double first, double second) {
        Bm25 words = new Bm25();
        TEXTS.forEach(words::add);
        double[] expected = {first, second, 0};
        assertThat(TEXTS.stream().mapToDouble(text -> words.score(query, text)).toArray())
                .containsExactly(expected, within(1e-12));
        assertThat(Bm25.index(TEXTS).scores(List.of(query))[0]).containsExactly(expected, within(1e-12));
    }

    @Test
    void theIndexGivesTheSameScores() {
        Random random = new Random(1);
        List<String> texts = new ArrayList<>(Collections.nCopies(3, ""));
        for (int i = 0; i < 200; i++) {
            texts.add(text(random));
        }
        Bm25 words = new Bm25();
        texts.forEach(words::add);
        Bm25.Index index = Bm25.index(texts);
        for (int i = 0; i < 20; i++) {
            String query = text(random);
            assertThat(index.scores(List.of(query))[0])
                    .containsExactly(
                            texts.stream()
                                    .mapToDouble(text -> words.score(query, text))
                                    .toArray(),
                            within(1e-12));
        }
    }

    /** A corpus that is read block by block gives what texts in memory give. */
    @Test
    void aCorpusGivesTheSameScores(@TempDir Path temp) throws IOException {
        Random random = new Random(2);
        List<String> texts = new ArrayList<>();
        StringBuilder corpus = new StringBuilder("_id\ttext\n");
        StringBuilder queries = new StringBuilder("_id\ttext\n");
        StringBuilder qrels = new StringBuilder();
        List<String> asked = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            texts.add(text(random).strip());
            corpus.append(i).append('\t').append(texts.get(i)).append('\n');
        }
        for (int i = 0; i < 7; i++) {
            asked.add(text(random).strip());
            queries.append('q').append(i).append('\t').append(asked.get(i)).append('\n');
            qrels.append('q').append(i).append(" 0 0 1\n");
        }
        SearchCollection collection = SearchCollection.open(
                Files.writeString(temp.resolve("corpus.tsv"), corpus),
                Files.writeString(temp.resolve("queries.tsv"), queries),
                Files.writeString(temp.resolve("qrels.txt"), qrels));
        double[][] found =
                Bm25.scorer(collection).scores(collection.corpus().stream().toList());
        double[][] expected = Bm25.index(texts).scores(asked);
        assertThat(found).hasDimensions(7, 60);
        for (int q = 0; q < found.length; q++) {
            assertThat(found[q]).containsExactly(expected[q], within(1e-12));
        }
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 1 + random.nextInt(12); i++) {
            text.append("w").append(random.nextInt(40)).append(' ');
        }
        return text.toString();
    }

    @Test
    void textsWithoutWordsHaveNoScore() {
        assertThat(Bm25.index(List.of("", "...")).scores(List.of("a", ""))).isDeepEqualTo(new double[2][2]);
    }
}
