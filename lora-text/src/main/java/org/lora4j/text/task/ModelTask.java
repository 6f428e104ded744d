package org.lora4j.text.task;

import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
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
        Labels labels = Labels.read(model);
        if (!config.isDecoder() && labels.count() == 1) {
            return new Rerank(Head.POOLER, OptionalInt.empty());
        }
        return new Classify(
                labels.count() == 0 ? Labels.numbered(2) : labels,
                config.isDecoder() ? Head.LAST : Head.POOLER,
                OptionalInt.empty());
    }
}
