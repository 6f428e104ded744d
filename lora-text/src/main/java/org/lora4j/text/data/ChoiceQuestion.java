package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.generate.Generator;
import org.lora4j.text.internal.Json;
import org.lora4j.text.metrics.ChoiceScores;
import org.lora4j.text.tokens.Tokenizer;

/**
 * A question with choices, of which one is right, to measure what a language model knows. The model is given the context as it stands,
 * without a chat template, and each choice behind it: after a space, unless the context ends with white space or the choice begins with it.
 *
 * <pre>{@code
 * ChoiceQuestion question = ChoiceQuestion.of(row);   // {"context": "The sun rises in the", "choices": ["east", "west"], "answer": "east"}
 * boolean isRight = question.scores(Generator.of(view), tokenizer).isRight();
 * }</pre>
 *
 * @param context the text before the choices
 * @param choices the choices, at least two
 * @param answer the number of the right one, from 0
 */
public record ChoiceQuestion(String context, List<String> choices, int answer) {
    private static final String CONTEXT = "context";
    private static final String CHOICES = "choices";
    private static final String ANSWER = "answer";
    private static final String RULE = "choices must be a list of two or more texts";

    /**
     * Checks the question.
     *
     * @param context the text before the choices
     * @param choices the choices
     * @param answer the number of the right one
     * @throws IllegalArgumentException if the context or a choice is blank, there are fewer than two choices, one stands there twice, or
     *     none has the number of the answer
     */
    public ChoiceQuestion {
        Objects.requireNonNull(context, "context must not be null");
        choices = List.copyOf(Objects.requireNonNull(choices, "choices must not be null"));
        if (context.isBlank() || choices.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    "context and choices must be texts that are not blank, found a blank one");
        }
        if (choices.size() < 2) {
            throw new IllegalArgumentException(RULE + ", found " + choices.size());
        }
        for (String choice : choices) {
            if (choices.indexOf(choice) != choices.lastIndexOf(choice)) {
                throw new IllegalArgumentException("choices must differ, found '" + choice + "' twice");
            }
        }
        if (answer < 0 || answer >= choices.size()) {
            throw new IllegalArgumentException("answer must be one of the choices as a text, or its number from 0 to "
                    + (choices.size() - 1) + ", found " + answer);
        }
    }

    /**
     * Returns whether a row is meant as a question.
     *
     * @param row the row
     * @return true if it has a context and choices
     */
    public static boolean isIn(TextRow row) {
        return row.columns().containsAll(List.of(CONTEXT, CHOICES));
    }

    /**
     * Reads a question: a text {@code context}, a list of texts {@code choices}, and the {@code answer}, which is one of these texts or,
     * as a number, the place of one, from 0.
     *
     * @param row the row
     * @return the question
     * @throws TextFormatException if it has another form; the message names the line
     */
    public static ChoiceQuestion of(TextRow row) {
        Objects.requireNonNull(row, "row must not be null");
        String context = row.text(CONTEXT);
        JsonNode list = row.value(CHOICES);
        if (!list.isArray()) {
            throw row.refuse(RULE + ", found " + Json.describe(list));
        }
        List<String> choices = new ArrayList<>();
        for (JsonNode choice : list) {
            if (!choice.isTextual()) {
                throw row.refuse("each of choices must be a text, found " + Json.describe(choice));
            }
            choices.add(row.requireText("each of choices", choice.textValue()));
        }
        JsonNode answer = row.value(ANSWER);
        int number = answer.isInt() ? answer.intValue() : choices.indexOf(answer.textValue());
        if (!answer.isInt() && number < 0) {
            throw row.refuse("answer must be one of the choices as a text, or its number from 0 to "
                    + (choices.size() - 1) + ", found " + Json.describe(answer));
        }
        try {
            return new ChoiceQuestion(context, choices, number);
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Measures how probable a model finds each choice. Texts are divided as in lm-evaluation-harness: white space at the end of the context
     * belongs to the choice, whose tokens are those of the whole text behind as many as the context has alone.
     *
     * @param generator the model
     * @param tokenizer its tokenizer
     * @return the log probability of each choice
     * @throws IllegalArgumentException if the context or a choice has no token of its own, or the model has too few positions for both
     */
    public ChoiceScores scores(Generator generator, Tokenizer tokenizer) {
        Objects.requireNonNull(generator, "generator must not be null");
        Objects.requireNonNull(tokenizer, "tokenizer must not be null");
        List<Double> logProbabilities = new ArrayList<>();
        List<Integer> bytes = new ArrayList<>();
        int before = tokenizer.ids(context.stripTrailing(), true).length;
        for (String choice : choices) {
            int[] whole = tokenizer.ids(text(choice), true);
            if (before == 0 || whole.length <= before) {
                throw new IllegalArgumentException("the context and each choice must have tokens of their own, found "
                        + before + " of the context and " + whole.length + " with the choice '" + choice + "'");
            }
            logProbabilities.add(generator
                    .score(Arrays.copyOf(whole, before), Arrays.copyOfRange(whole, before, whole.length))
                    .sum());
            bytes.add(choice.getBytes(StandardCharsets.UTF_8).length);
        }
        return new ChoiceScores(logProbabilities, bytes, answer);
    }

    private String text(String choice) {
        boolean isDivided = Character.isWhitespace(context.charAt(context.length() - 1))
                || Character.isWhitespace(choice.charAt(0));
        return context + (isDivided ? "" : " ") + choice;
    }
}
