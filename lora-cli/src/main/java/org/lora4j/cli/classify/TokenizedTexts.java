package org.lora4j.cli.classify;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.cli.train.Examples;
import org.lora4j.example.support.train.Classes;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.LabelledText;
import org.lora4j.text.Labels;
import org.lora4j.train.Batch;

/**
 * The tokens of texts with their classes.
 *
 * @param texts the texts
 * @param sequences a sequence for each text
 * @param classes the class of each text
 * @param count the number of classes
 */
record TokenizedTexts(List<LabelledText> texts, Sequences sequences, List<Integer> classes, int count)
        implements Examples {
    static TokenizedTexts of(TextClassifier classifier, List<LabelledText> texts) {
        Labels labels = classifier.labels();
        return new TokenizedTexts(
                texts,
                classifier.tokens(texts.stream().map(LabelledText::text).toList()),
                texts.stream().map(text -> labels.id(text.label())).toList(),
                labels.count());
    }

    @Override
    public int size() {
        return classes.size();
    }

    @Override
    public int length(int text) {
        return sequences.length(text);
    }

    @Override
    public int contentHash() {
        return Objects.hash(sequences, classes, count);
    }

    @Override
    public Batch batch(int... indices) {
        return new Batch(
                Sequences.concat(Arrays.stream(indices)
                        .mapToObj(i -> sequences.part(i, i + 1))
                        .toList()),
                Classes.oneHot(classes, indices, count));
    }
}
