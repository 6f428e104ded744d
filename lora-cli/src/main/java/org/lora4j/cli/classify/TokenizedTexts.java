package org.lora4j.cli.classify;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.example.support.train.Classes;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.LabelledText;
import org.lora4j.text.Labels;
import org.lora4j.train.Batch;

/**
 * The tokens of texts with their classes.
 *
 * @param texts the texts
 * @param tokens a sequence for each text
 * @param classes the class of each text
 * @param count the number of classes
 */
record TokenizedTexts(List<LabelledText> texts, Sequences tokens, List<Integer> classes, int count) {
    static TokenizedTexts of(TextClassifier classifier, List<LabelledText> texts) {
        Labels labels = classifier.labels();
        return new TokenizedTexts(
                texts,
                classifier.tokens(texts.stream().map(LabelledText::text).toList()),
                texts.stream().map(text -> labels.id(text.label())).toList(),
                labels.count());
    }

    int size() {
        return classes.size();
    }

    /** Returns a hash of what a training sees: tokens and classes. */
    int contentHash() {
        return Objects.hash(tokens, classes, count);
    }

    /** Returns the number of tokens of each text. */
    List<Integer> lengths() {
        return IntStream.range(0, size()).mapToObj(tokens::length).toList();
    }

    /** Returns some of the texts as a batch. */
    Batch batch(int... indices) {
        return new Batch(
                Sequences.concat(Arrays.stream(indices)
                        .mapToObj(i -> tokens.part(i, i + 1))
                        .toList()),
                Classes.oneHot(classes, indices, count));
    }

    /** Returns all texts as batches, in their order. */
    List<Batch> batches(int size) {
        return IntStream.iterate(0, from -> from < size(), from -> from + size)
                .mapToObj(from -> batch(
                        IntStream.range(from, Math.min(size(), from + size)).toArray()))
                .toList();
    }

    /** Returns the batch of the longest texts. */
    Batch longest(int size) {
        return batch(IntStream.range(0, size())
                .boxed()
                .sorted((i, j) -> Integer.compare(tokens.length(j), tokens.length(i)))
                .limit(size)
                .mapToInt(Integer::intValue)
                .toArray());
    }
}
