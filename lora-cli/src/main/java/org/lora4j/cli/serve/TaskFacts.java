package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;

/**
 * What clients are told of an adapter.
 *
 * @param task the name of its task
 * @param labels the names of its classes; null if it has none
 * @param dimensions the length of its embeddings; 0 for another task
 * @param maxTokens where texts are cut; 0 for a model that generates
 */
record TaskFacts(String task, @Nullable List<String> labels, int dimensions, int maxTokens) {
    static TaskFacts of(Task task, TextModel model) {
        return new TaskFacts(
                name(task.getClass()),
                task instanceof Classify classify ? classify.labels().names() : null,
                task instanceof Embed embed ? embed.dimensions().orElseGet(model::embeddingSize) : 0,
                task instanceof RowTask<?, ?> rows ? rows.limit(model.textTokens()) : 0);
    }

    private static String name(Class<? extends Task> task) {
        return task == Embed.class
                ? "embed"
                : task == Classify.class ? "classify" : task == Rerank.class ? "rerank" : "generate";
    }

    /** The path that answers requests to a task. */
    private static String path(Task task) {
        return task instanceof Embed
                ? "/v1/embeddings"
                : task instanceof Classify
                        ? "/v1/classify"
                        : task instanceof Rerank ? "/v1/rerank" : "/v1/chat/completions";
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
        if (dimensions > 0) {
            entry.put("dimensions", dimensions);
        }
        if (maxTokens > 0) {
            entry.put("max_tokens", maxTokens);
        }
    }
}
