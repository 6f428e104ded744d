package org.lora4j.text.task;

import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;

/** What a model does without an adapter, as its files say. */
final class ModelTask {
    private static final String MODULES = "modules.json";

    private ModelTask() {}

    static Task of(ModelSource model) throws IOException {
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
     * Returns what a classifier does. One output of an encoder is the score of a pair, as rerankers have it, also where their files call it
     * a regression, unless it has a name: then it is of a text.
     */
    static Task ofClassifier(Outputs outputs, Head head) {
        boolean isNamed = outputs.problem() != ProblemType.SINGLE_LABEL_CLASSIFICATION
                && !outputs.labels().equals(Labels.numbered(1));
        return head == Head.POOLER && outputs.labels().count() == 1 && !isNamed
                ? new Rerank(head, OptionalInt.empty())
                : new Classify(outputs, head, OptionalInt.empty());
    }
}
