package org.lora4j.text.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.Json;

/**
 * What an adapter is for, whoever wrote it: what stands in its {@link TaskFile}, or else what PEFT's {@code task_type} and a classifier among
 * the saved modules say, whose classes have numbers for names; or what the model does without an adapter.
 */
public final class AdapterTask {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";

    /** PEFT's type of classifiers of tokens. */
    private static final String TOKENS = "TOKEN_CLS";

    private AdapterTask() {}

    /**
     * Returns what the files of PEFT say that an adapter is for, which has no {@code task.json}.
     *
     * @param adapter the adapter
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return the task
     */
    public static Task ofPeft(LoRAAdapter adapter, PretrainedModel model, Task alone) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(alone, "alone must not be null");
        return of(SavedClassifier.of(adapter), adapter.config().hubFields().taskType(), model, alone);
    }

    /**
     * Returns what an adapter is for, without reading its weights.
     *
     * @param folder the folder of the adapter
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return the task
     * @throws IOException if a file cannot be read or is damaged
     */
    public static Task of(Path folder, PretrainedModel model, Task alone) throws IOException {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(alone, "alone must not be null");
        Optional<Task> written = TaskFile.read(folder);
        if (written.isPresent()) {
            return written.get();
        }
        String type = type(folder);
        return of(SavedClassifier.ofHeader(SafeTensors.readHeader(folder.resolve(TENSORS))), type, model, alone);
    }

    private static @Nullable String type(Path folder) throws IOException {
        try {
            JsonNode config = Json.readIfExists(ModelSource.of(folder), CONFIG);
            return config == null ? null : config.path("task_type").asText(null);
        } catch (IllegalArgumentException e) {
            throw new IOException(folder + ": " + e.getMessage(), e);
        }
    }

    private static Task of(
            Optional<SavedClassifier> classifier, @Nullable String type, PretrainedModel model, Task alone) {
        if (TOKENS.equals(type)) {
            return ofTags(classifier, alone);
        }
        return classifier.isPresent() ? ofClassifier(classifier.get(), model, alone) : ofType(type, alone);
    }

    /** The tags are those of the model, if it has as many. */
    private static Task ofTags(Optional<SavedClassifier> classifier, Task alone) {
        if (classifier.isEmpty()) {
            return alone;
        }
        int outputs = Math.toIntExact(classifier.get().outputs());
        return alone instanceof Tag tag && tag.labels().count() == outputs
                ? alone
                : new Tag(Labels.numbered(outputs), Tag.SubWords.FIRST, OptionalInt.empty());
    }

    /** Returns the same if the adapter has no classifier of texts; nothing if it has one, whose head depends on the model. */
    static Optional<Task> withoutClassifier(LoRAAdapter adapter, Task alone) {
        if (TOKENS.equals(adapter.config().hubFields().taskType())) {
            return Optional.of(ofTags(SavedClassifier.of(adapter), alone));
        }
        return SavedClassifier.of(adapter).isPresent()
                ? Optional.empty()
                : Optional.of(ofType(adapter.config().hubFields().taskType(), alone));
    }

    private static Task ofType(@Nullable String type, Task alone) {
        if ("CAUSAL_LM".equals(type) && !(alone instanceof Rerank)) {
            return new Generate();
        }
        return "FEATURE_EXTRACTION".equals(type) ? Embed.asTheModelSays() : alone;
    }

    /**
     * One output is a score if the model scores pairs, and a class otherwise. PEFT's files do not say what the outputs mean: that stands in
     * the {@code config.json} with which the adapter was trained.
     */
    private static Task ofClassifier(SavedClassifier classifier, PretrainedModel model, Task alone) {
        Head head = Head.ofPeft(model);
        Labels labels = Labels.numbered(Math.toIntExact(classifier.outputs()));
        return alone instanceof Rerank && labels.count() == 1
                ? new Rerank(head, alone.maxTokens())
                : new Classify(new Outputs(labels, problem(model, labels)), head, OptionalInt.empty());
    }

    /** A model of numbers has one; an adapter of more outputs was trained for something else. */
    private static ProblemType problem(PretrainedModel model, Labels labels) {
        return model.config()
                .problemType()
                .filter(problem -> problem != ProblemType.REGRESSION || labels.count() == 1)
                .orElse(ProblemType.SINGLE_LABEL_CLASSIFICATION);
    }
}
