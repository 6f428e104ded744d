package org.lora4j.cli.classify;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.train.Batch;
import org.nd4j.linalg.factory.Nd4j;

/** Texts with their classes, as tokens. */
final class TokenizedTexts extends Examples {
    private static final int AT_A_TIME = 32;

    private final TextClassifier classifier;
    private final List<LabelledText> texts;

    /** Creates examples of texts, each of a class of the classifier. */
    TokenizedTexts(TextClassifier classifier, List<LabelledText> texts) {
        super(texts);
        this.classifier = classifier;
        this.texts = texts;
    }

    /** Reads all texts in their order, some at a time. */
    void forEach(Consumer<Some> consumer) {
        for (int from = 0; from < size(); from += AT_A_TIME) {
            consumer.accept(read(
                    IntStream.range(from, Math.min(size(), from + AT_A_TIME)).toArray()));
        }
    }

    /** Some texts, read once. */
    record Some(Sequences sequences, List<Integer> classes) {}

    Some read(int... indices) {
        Labels labels = classifier.labels();
        List<LabelledText> some = Arrays.stream(indices).mapToObj(texts::get).toList();
        return new Some(
                classifier.tokens(some.stream().map(LabelledText::text).toList()),
                some.stream().map(text -> labels.id(text.label())).toList());
    }

    LabelledText text(int index) {
        return texts.get(index);
    }

    /** The number of classes. */
    int count() {
        return classifier.labels().count();
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        Some some = read(indices);
        int[] classes = some.classes().stream().mapToInt(Integer::intValue).toArray();
        return new Tokenized(
                new Batch(some.sequences(), Nd4j.createFromArray(classes)),
                IntStream.range(0, indices.length)
                        .mapToObj(some.sequences()::length)
                        .toList());
    }
}
