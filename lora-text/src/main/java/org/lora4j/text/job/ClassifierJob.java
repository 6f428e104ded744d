package org.lora4j.text.job;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.train.TrainableTask;

/**
 * What a classifier learns of texts, or of pairs of texts.
 *
 * @param <E> an example
 * @param <T> what trains
 */
abstract class ClassifierJob<E extends TextInput, T extends TrainableTask<E, ?>> extends EncoderJob<E, T> {
    private static final String PAIR = "text_pair";

    private final TextModel model;
    private final Head head;

    /** Null before the first row. */
    private @Nullable Boolean hasPairs;

    ClassifierJob(TextModel model) throws IOException {
        this.model = model;
        head = model.classifierHead();
    }

    /** Returns the second text of a row; null if the rows have one text each. */
    final @Nullable String second(TextRow row) {
        boolean hasPair = row.columns().contains(PAIR);
        if (hasPairs == null) {
            hasPairs = hasPair;
        }
        if (hasPairs != hasPair) {
            throw row.refuse("all rows must have " + PAIR + ", or none, found both");
        }
        return hasPair ? row.text(PAIR) : null;
    }

    /** Returns the task of a classifier with these outputs. */
    final RowTask<?, ClassScores> classifier(Outputs outputs) {
        Classify classifier = new Classify(outputs, head, OptionalInt.empty());
        return Boolean.TRUE.equals(hasPairs) ? new ClassifyPairs(classifier) : classifier;
    }

    final TextTokens tokens() {
        return model.textTokens();
    }

    final Network network(int outputs, long seed) {
        return head.network(model.model(), outputs, seed);
    }

    /** Returns what an adapter is for that classifies texts, or pairs of texts. */
    static RowTask<?, ClassScores> asClassifier(Task served) {
        return served instanceof ClassifyPairs pairs ? pairs : (Classify) served;
    }

    @Override
    final Optional<String> group(E example) {
        String second = example.textPair();
        return Optional.of(second == null ? example.text() : example.text() + '\n' + second);
    }
}
