package org.lora4j.text.task;

import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;

/** What a model does without an adapter, as its files say. */
public final class ModelTask {
    private static final String MODULES = "modules.json";

    private ModelTask() {}

    /**
     * Returns what a model does without an adapter.
     *
     * @param model the files of the model
     * @return embeddings for an encoder without a classifier and for a decoder with {@code modules.json}; a score for a classifier of
     *     one output, classes for one of more; tags for a classifier of tokens; texts for any other decoder
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong
     */
    public static Task of(ModelSource model) throws IOException {
        Objects.requireNonNull(model, "model must not be null");
        ModelConfig config = ModelConfig.read(model);
        if (config.isClassifier()) {
            return ofClassifier(model, config);
        }
        if (config.isTokenClassifier()) {
            return ofTags(model);
        }
        if (config.isDecoder() && !model.has(MODULES)) {
            return new Generate();
        }
        return Embed.asTheModelSays();
    }

    private static Task ofTags(ModelSource model) throws IOException {
        Labels labels = Labels.read(model);
        return new Tag(labels.count() == 0 ? Labels.numbered(2) : labels, Tag.SubWords.FIRST, OptionalInt.empty());
    }

    /** A configuration that does not say how many labels there are means two, as Hugging Face's class of configurations does. */
    private static Task ofClassifier(ModelSource model, ModelConfig config) throws IOException {
        int named = Labels.read(model).count();
        return ofClassifier(Outputs.read(model, named == 0 ? 2 : named), config.isDecoder() ? Head.LAST : Head.POOLER);
    }

    /**
     * Returns what a model with a classifier of its own does. One output of an encoder is the score of a pair, as rerankers have it, also
     * where their files call it a regression, unless it has a name: then it is the number or the label of a text.
     *
     * @param outputs the labels, and what the outputs mean
     * @param head what the classifier reads
     * @return the score of pairs, or classes or numbers of texts
     */
    public static Task ofClassifier(Outputs outputs, Head head) {
        Objects.requireNonNull(outputs, "outputs must not be null");
        Objects.requireNonNull(head, "head must not be null");
        boolean isNamed = outputs.problem() != ProblemType.SINGLE_LABEL_CLASSIFICATION
                && !outputs.labels().equals(Labels.numbered(1));
        return head == Head.POOLER && outputs.labels().count() == 1 && !isNamed
                ? new Rerank(head, OptionalInt.empty())
                : new Classify(outputs, head, OptionalInt.empty());
    }
}
