package org.lora4j.text.train;

import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;

/**
 * Examples as the task of a classifier takes them: texts, or pairs of texts.
 *
 * @param task the task with the limit of the model
 * @param rows the task on the model
 * @param input what the task takes of an example
 */
record ClassifierRows<Q>(
        RowTask<?, ClassScores> task, RowModel<List<Q>, ClassScores> rows, Function<TextInput, Q> input) {
    /**
     * Prepares a task on a model.
     *
     * @param problem what its outputs must mean
     * @throws IllegalArgumentException if they mean something else, or the model does not take so long texts
     */
    static ClassifierRows<?> of(RowTask<?, ClassScores> task, TextTokens tokens, Network network, ProblemType problem) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        ProblemType found = outputs(task).problem();
        if (found != problem) {
            throw new IllegalArgumentException(
                    "problem_type of the task must be " + problem.text() + ", found " + found.text());
        }
        if (task instanceof ClassifyPairs pairs) {
            RowModel<List<TextPair>, ClassScores> rows = pairs.on(tokens, network);
            return new ClassifierRows<>(pairs.with(limit(rows.maxTokens())), rows, ClassifierRows::pair);
        }
        Classify texts = (Classify) task;
        RowModel<List<String>, ClassScores> rows = texts.on(tokens, network);
        return new ClassifierRows<>(texts.with(limit(rows.maxTokens())), rows, ClassifierRows::text);
    }

    /** Returns what the outputs of a task mean. */
    static Outputs outputs(RowTask<?, ClassScores> task) {
        return Objects.requireNonNull(task, "task must not be null")
                .classifierOutputs()
                .orElseThrow();
    }

    private static TaskSettings limit(int maxTokens) {
        return TaskSettings.ofMaxTokens(OptionalInt.of(maxTokens));
    }

    private static String text(TextInput example) {
        if (example.textPair() != null) {
            throw new IllegalArgumentException("an example of a task for texts must have one text, found a pair");
        }
        return example.text();
    }

    private static TextPair pair(TextInput example) {
        String second = example.textPair();
        if (second == null) {
            throw new IllegalArgumentException(
                    "an example of a task for pairs must have two texts, found one; set textPair");
        }
        return new TextPair(example.text(), second);
    }

    private List<Q> inputs(List<? extends TextInput> examples) {
        return examples.stream().map(input).toList();
    }

    /** Returns a sequence for each example. */
    Sequences tokens(List<? extends TextInput> examples) {
        return rows.tokens(inputs(examples));
    }

    /** Returns what a model gives each example. */
    List<ClassScores> predict(Model model, List<? extends TextInput> examples) {
        List<Q> inputs = inputs(examples);
        return rows.read(inputs, model.predict(rows.tokens(inputs)));
    }
}
