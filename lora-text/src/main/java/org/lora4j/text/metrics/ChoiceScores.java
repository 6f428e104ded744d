package org.lora4j.text.metrics;

import java.util.List;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;

/**
 * How probable a language model finds each choice of a question. It answers with the most probable one, of equal ones with the first.
 *
 * @param logProbabilities Σ log p of the tokens of each choice after the context, base e
 * @param bytes the bytes of each choice in UTF-8
 * @param answer the number of the right choice, from 0
 */
public record ChoiceScores(List<Double> logProbabilities, List<Integer> bytes, int answer) {
    /**
     * Checks the scores.
     *
     * @param logProbabilities one for each choice
     * @param bytes at least 1 for each choice
     * @param answer the number of the right choice
     * @throws IllegalArgumentException if there are fewer than two choices, the lengths differ, a choice has no byte, or there is no choice
     *     with the number of the answer
     */
    public ChoiceScores {
        logProbabilities = List.copyOf(Objects.requireNonNull(logProbabilities, "logProbabilities must not be null"));
        bytes = List.copyOf(Objects.requireNonNull(bytes, "bytes must not be null"));
        if (logProbabilities.size() < 2
                || bytes.size() != logProbabilities.size()
                || answer < 0
                || answer >= bytes.size()
                || bytes.stream().anyMatch(length -> length < 1)) {
            throw new IllegalArgumentException(
                    "a question must have a log probability and at least one byte for each of"
                            + " two or more choices, and its answer must be one of them, found " + logProbabilities
                            + ", "
                            + bytes + " and the answer " + answer);
        }
    }

    private int best(IntToDoubleFunction score) {
        int best = 0;
        for (int i = 1; i < bytes.size(); i++) {
            if (score.applyAsDouble(i) > score.applyAsDouble(best)) {
                best = i;
            }
        }
        return best;
    }

    /**
     * Returns whether the most probable choice is the right one. A long choice is less probable than a short one.
     *
     * @return as {@code acc} of lm-evaluation-harness
     */
    public boolean isRight() {
        return best(logProbabilities::get) == answer;
    }

    /**
     * Returns whether the choice with the greatest log probability of a byte is the right one.
     *
     * @return Σ log p divided by the bytes decides
     */
    public boolean isRightByLength() {
        return best(i -> logProbabilities.get(i) / bytes.get(i)) == answer;
    }
}
