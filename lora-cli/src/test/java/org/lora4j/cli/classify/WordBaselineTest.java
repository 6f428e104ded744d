package org.lora4j.cli.classify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;

class WordBaselineTest {
    private static final List<String> CLASSES = List.of("cats", "ships", "towns");

    /** Words of which one in three tells the class; the others are the same for all. */
    private static List<LabelledText> texts(int count, long seed) {
        Random random = new Random(seed);
        List<LabelledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int label = random.nextInt(CLASSES.size());
            StringBuilder text = new StringBuilder();
            for (int k = 0; k < 6; k++) {
                text.append(
                                random.nextInt(3) == 0
                                        ? "Word" + label + "-" + random.nextInt(9)
                                        : "the, " + random.nextInt(30))
                        .append(' ');
            }
            texts.add(new LabelledText(text.toString(), CLASSES.get(label)));
        }
        return texts;
    }

    @Test
    void learnsWhichWordsTellTheClass() {
        Labels labels = Labels.of(CLASSES);
        WordBaseline words = WordBaseline.train(texts(300, 1), labels);
        List<LabelledText> tested = texts(300, 2);
        long right = tested.stream()
                .filter(text -> words.predict(text) == labels.id(text.label()))
                .count();
        // A text has no word of its class with (2/3)⁶ = 0.09, and is then guessed.
        assertThat(right).isBetween(265L, 300L);
        assertThat(words.predict(asked("WORD1 the"))).isEqualTo(words.predict(asked("word1")));
    }

    @Test
    void aTextWithoutKnownWordsHasTheMoreFrequentClass() {
        List<LabelledText> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(new LabelledText("word" + i, i % 4 == 0 ? "b" : "a"));
        }
        WordBaseline words = WordBaseline.train(texts, Labels.of(List.of("a", "b")));
        assertThat(words.predict(asked("unknown"))).isZero();
        assertThat(words.predict(asked("..."))).isZero();
    }

    @Test
    void aWordOfTheSecondTextIsAnotherOne() {
        List<LabelledText> pairs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            boolean isFirst = i % 2 == 0;
            pairs.add(new LabelledText(isFirst ? "ship" : "town", isFirst ? "town" : "ship", isFirst ? "a" : "b"));
        }
        WordBaseline words = WordBaseline.train(pairs, Labels.of(List.of("a", "b")));
        assertThat(words.predict(new LabelledText("ship", "town", "a"))).isZero();
        assertThat(words.predict(new LabelledText("town", "ship", "b"))).isEqualTo(1);
    }

    private static LabelledText asked(String text) {
        return new LabelledText(text, "a");
    }
}
