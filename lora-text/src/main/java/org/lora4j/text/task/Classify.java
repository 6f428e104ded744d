package org.lora4j.text.task;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The task of a model that classifies texts, or gives each a number. An answer has a value for each label.
 *
 * @param outputs the labels, at least one, and what the outputs mean
 * @param head what the classifier reads
 * @param maxTokens where texts are cut; empty for where the files of the model say, or 512 tokens for a decoder
 */
public record Classify(Outputs outputs, Head head, OptionalInt maxTokens)
        implements RowTask<List<String>, ClassScores> {
    /**
     * Checks the labels.
     *
     * @param outputs the labels, and what the outputs mean
     * @param head what the classifier reads
     * @param maxTokens where texts are cut
     * @throws IllegalArgumentException if there is no label, or the head is not that of a classifier
     */
    public Classify {
        Objects.requireNonNull(outputs, "outputs must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        if (outputs.labels().count() == 0) {
            throw new IllegalArgumentException("id2label must name at least one class, found none");
        }
        if (!Objects.requireNonNull(head, "head must not be null").classifiesTexts()) {
            throw new IllegalArgumentException(
                    "head of a classifier must be one of [mean, pooler, last], found '" + head.text() + "'");
        }
    }

    /**
     * Returns the task of a model that gives a text one of several labels.
     *
     * @param labels the names of the classes, at least one
     * @param head what the classifier reads
     * @param maxTokens where texts are cut
     * @throws IllegalArgumentException if there is no label, or the head is not that of a classifier
     */
    public Classify(Labels labels, Head head, OptionalInt maxTokens) {
        this(Outputs.oneOf(labels), head, maxTokens);
    }

    /**
     * Returns the labels.
     *
     * @return the names of the classes; of a model that gives a number its name
     */
    public Labels labels() {
        return outputs.labels();
    }

    @Override
    public Classify with(TaskSettings asked) {
        asked.requireNoneOfEmbeddings(this);
        return new Classify(outputs, head, asked.maxTokensOr(maxTokens));
    }

    @Override
    public String does() {
        return outputs.problem() == ProblemType.REGRESSION ? "gives texts a number" : "classifies texts";
    }

    @Override
    public Optional<Labels> classes() {
        return Optional.of(labels());
    }

    @Override
    public Optional<Outputs> classifierOutputs() {
        return Optional.of(outputs);
    }

    @Override
    public void requireFits(Object where, LoRAAdapter adapter, boolean hasOwn) throws IOException {
        SavedClassifier.require(where, adapter, labels(), hasOwn);
    }

    @Override
    public int limit(TextTokens tokens) {
        return maxTokens.orElseGet(tokens::defaultLimit);
    }

    @Override
    public RowModel<List<String>, ClassScores> on(TextTokens tokens, Network network) {
        Objects.requireNonNull(network, "network must not be null");
        return new OnModel(tokens.withMaxTokens(limit(tokens)), outputs);
    }

    /** Classes of a model. */
    private record OnModel(TextTokens model, Outputs outputs) implements RowModel<List<String>, ClassScores> {
        @Override
        public long characters(List<String> asked) {
            return TextCheck.characters("texts", asked);
        }

        @Override
        public Sequences tokens(List<String> asked) {
            return model.tokens(asked);
        }

        @Override
        public List<ClassScores> read(List<String> asked, INDArray z) {
            return ClassScores.ofRows(outputs, z);
        }

        @Override
        public int maxTokens() {
            return model.tokenizer().maxTokens();
        }
    }
}
