package org.lora4j.cli.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextNumber;

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
        ToIntFunction<TextInput> words = WordBaseline.classes(texts(300, 1), labels);
        List<LabelledText> tested = texts(300, 2);
        long right = tested.stream()
                .filter(text -> words.applyAsInt(text) == labels.id(text.label()))
                .count();
        // A text has no word of its class with (2/3)⁶ = 0.09, and is then guessed.
        assertThat(right).isBetween(265L, 300L);
        assertThat(words.applyAsInt(asked("WORD1 the"))).isEqualTo(words.applyAsInt(asked("word1")));
    }

    @Test
    void aTextWithoutKnownWordsHasTheMoreFrequentClass() {
        List<LabelledText> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            texts.add(new LabelledText("word" + i, i % 4 == 0 ? "b" : "a"));
        }
        ToIntFunction<TextInput> words = WordBaseline.classes(texts, Labels.of(List.of("a", "b")));
        assertThat(words.applyAsInt(asked("unknown"))).isZero();
        assertThat(words.applyAsInt(asked("..."))).isZero();
    }

    @Test
    void aWordOfTheSecondTextIsAnotherOne() {
        List<LabelledText> pairs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            boolean isFirst = i % 2 == 0;
            pairs.add(new LabelledText(isFirst ? "ship" : "town", isFirst ? "town" : "ship", isFirst ? "a" : "b"));
        }
        ToIntFunction<TextInput> words = WordBaseline.classes(pairs, Labels.of(List.of("a", "b")));
        assertThat(words.applyAsInt(new LabelledText("ship", "town", "a"))).isZero();
        assertThat(words.applyAsInt(new LabelledText("town", "ship", "b"))).isEqualTo(1);
    }

    @Test
    void eachLabelHasAProbabilityOfItsWords() {
        List<TextLabels> texts = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            List<String> labels = new ArrayList<>(List.of("all"));
            labels.addAll(List.of(List.<String>of(), List.of("cat"), List.of("sea"), List.of("cat", "sea"))
                    .get(i % 4));
            texts.add(new TextLabels("the " + String.join(" ", labels), labels));
        }
        Function<TextInput, List<Double>> words =
                WordBaseline.labels(texts, Labels.of(List.of("cat", "sea", "all", "none")));
        List<Double> found = words.apply(asked("a cat"));
        assertThat(found.get(0)).isBetween(0.8, 1.0);
        assertThat(found.get(1)).isBetween(0.0, 0.5);
        assertThat(found.subList(2, 4)).containsExactly(1.0, 0.0);
        assertThat(words.apply(asked("cat and sea")).subList(0, 2)).allMatch(p -> p > 0.7);
    }

    /** Ridge regression of two words that stand alone: their features are orthogonal but for the constant. */
    @Test
    void aNumberIsThatOfRidgeRegressionAndFollowsItsScale() {
        List<TextNumber> texts = new ArrayList<>();
        List<TextNumber> larger = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String word = i % 2 == 0 ? "good" : "bad";
            texts.add(new TextNumber(word, i % 2 == 0 ? 5 : 1));
            larger.add(new TextNumber(word, i % 2 == 0 ? 5000 : 1000));
        }
        ToDoubleFunction<TextInput> words = WordBaseline.number(texts);
        // The mean is 3; for each word w = ±2·n/(n + 1/(2·C)) with n = 20 and C = 1, and the constant is 0.
        double expected = 2 * 20 / 20.5;
        assertThat(words.applyAsDouble(asked("good"))).isCloseTo(3 + expected, within(1e-3));
        assertThat(words.applyAsDouble(asked("BAD!"))).isCloseTo(3 - expected, within(1e-3));
        assertThat(words.applyAsDouble(asked("unknown"))).isCloseTo(3, within(1e-3));
        assertThat(WordBaseline.number(larger).applyAsDouble(asked("good")))
                .isCloseTo(3000 + 1000 * expected, within(1.0));
    }

    private static LabelledText asked(String text) {
        return new LabelledText(text, "a");
    }
}
