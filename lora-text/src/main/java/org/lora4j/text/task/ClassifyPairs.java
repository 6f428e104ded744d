package org.lora4j.text.task;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;

/**
 * The task of an encoder that classifies pairs of texts, such as whether the second follows from the first, or gives each pair a number,
 * such as how similar both are. It is a {@link Classify} that reads both texts together, as {@link TextTokens#pairs} joins them:
 * {@code [CLS] first [SEP] second [SEP]} of BERT.
 *
 * @param classifier the labels, what the outputs mean, the head, and where both texts together are cut
 */
public record ClassifyPairs(Classify classifier) implements RowTask<List<TextPair>, ClassScores> {
    /**
     * Checks the head.
     *
     * @param classifier the labels, what the outputs mean, the head, and where both texts together are cut
     * @throws IllegalArgumentException if the head is that of a decoder, whose tokenizer puts nothing between two texts
     */
    public ClassifyPairs {
        Objects.requireNonNull(classifier, "classifier must not be null");
        if (classifier.head() == Head.LAST) {
            throw new IllegalArgumentException("head of a classifier of pairs must be one of [mean, pooler], found '"
                    + classifier.head().text() + "'; use an encoder");
        }
    }

    @Override
    public Head head() {
        return classifier.head();
    }

    @Override
    public OptionalInt maxTokens() {
        return classifier.maxTokens();
    }

    @Override
    public ClassifyPairs with(TaskSettings asked) {
        asked.requireNoneOfEmbeddings(this);
        return new ClassifyPairs(classifier.with(asked));
    }

    @Override
    public String does() {
        return classifier.outputs().problem() == ProblemType.REGRESSION
                ? "gives pairs of texts a number"
                : "classifies pairs of texts";
    }

    @Override
    public Optional<Labels> classes() {
        return classifier.classes();
    }

    @Override
    public Optional<Outputs> classifierOutputs() {
        return Optional.of(classifier.outputs());
    }

    @Override
    public void requireFits(Object where, LoRAAdapter adapter, boolean hasOwn) throws IOException {
        classifier.requireFits(where, adapter, hasOwn);
    }

    @Override
    public int limit(TextTokens tokens) {
        return classifier.limit(tokens);
    }

    @Override
    public RowModel<List<TextPair>, ClassScores> on(TextTokens tokens, Network network) {
        Objects.requireNonNull(network, "network must not be null");
        Outputs outputs = classifier.outputs();
        return new PairRows<>(tokens.withMaxTokens(limit(tokens)), z -> ClassScores.ofRows(outputs, z));
    }
}
