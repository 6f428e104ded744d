package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;

/**
 * What clients are told of an adapter.
 *
 * @param task the name of its task
 * @param labels the names of its classes; null if it has none
 * @param problem what its outputs mean, if a text has not one of its classes; else null
 * @param takesPairs whether a classifier reads pairs of texts
 * @param dimensions the length of its embeddings; 0 for another task
 * @param maxTokens where texts are cut; 0 for a model that generates
 */
record TaskFacts(
        String task,
        @Nullable List<String> labels,
        @Nullable String problem,
        boolean takesPairs,
        int dimensions,
        int maxTokens) {
    static TaskFacts of(Task task, TextModel model) {
        return new TaskFacts(
                name(task.getClass()),
                task.classes().map(Labels::names).orElse(null),
                task.classifierOutputs()
                        .map(outputs -> problem(outputs.problem()))
                        .orElse(null),
                task instanceof ClassifyPairs,
                task instanceof Embed embed ? embed.dimensions().orElseGet(model::embeddingSize) : 0,
                task instanceof RowTask<?, ?> rows ? rows.limit(model.textTokens()) : 0);
    }

    private static @Nullable String problem(ProblemType problem) {
        return problem == ProblemType.SINGLE_LABEL_CLASSIFICATION ? null : problem.text();
    }

    /** A task has the name of its class; texts and pairs of texts are classified by one path. */
    private static String name(Class<? extends Task> task) {
        return (task == ClassifyPairs.class ? Classify.class : task)
                .getSimpleName()
                .toLowerCase(Locale.ROOT);
    }

    /** The path that answers requests to a task: that of others' servers, where they have one. */
    private static String path(Task task) {
        if (task instanceof Embed) {
            return "/v1/embeddings";
        }
        return task instanceof Generate ? "/v1/chat/completions" : "/v1/" + name(task.getClass());
    }

    /**
     * Checks that an adapter is for a task.
     *
     * @throws ApiException if it is for another one; the message names its path
     */
    static void require(Class<? extends Task> kind, String model, Task found) {
        if (!kind.isInstance(found)) {
            throw ApiException.of(
                    400,
                    "wrong_task",
                    "the model must be one that can " + name(kind) + ", found " + MessageText.quote(model) + ", which "
                            + found.does() + "; use " + path(found));
        }
    }

    void addTo(ObjectNode entry) {
        entry.put("task", task);
        if (labels != null) {
            labels.forEach(entry.putArray("labels")::add);
        }
        if (problem != null) {
            entry.put("problem_type", problem);
        }
        if (takesPairs) {
            entry.put("text_pair", true);
        }
        if (dimensions > 0) {
            entry.put("dimensions", dimensions);
        }
        if (maxTokens > 0) {
            entry.put("max_tokens", maxTokens);
        }
    }
}
