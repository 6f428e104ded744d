package org.lora4j.text.tools;

import java.util.List;
import java.util.Objects;

/**
 * How well answers call tools. Each count is part of the one before it.
 *
 * <pre>{@code
 * CallAccuracy accuracy = CallAccuracy.NONE.plus(answer, expected);
 * }</pre>
 *
 * @param answers how many answers were compared
 * @param valid those with at least one call, which is valid JSON in the form of the model
 * @param functions those that call the expected functions, as often and in the same order
 * @param arguments those that do so with the expected arguments, as {@link ToolCall#isSameAs} compares them
 * @param exact those that also have the expected text beside the calls, apart from white space around it
 */
public record CallAccuracy(int answers, int valid, int functions, int arguments, int exact) {
    /** The counts of no answer. */
    public static final CallAccuracy NONE = new CallAccuracy(0, 0, 0, 0, 0);

    /**
     * Checks the counts.
     *
     * @param answers how many answers were compared
     * @param valid those with a valid call
     * @param functions those with the expected functions
     * @param arguments those with the expected arguments
     * @param exact those with the expected text
     * @throws IllegalArgumentException if a count is negative, or more than the one before it
     */
    public CallAccuracy {
        List<Integer> counts = List.of(answers, valid, functions, arguments, exact);
        for (int i = 0; i < counts.size(); i++) {
            if (counts.get(i) < 0 || (i > 0 && counts.get(i) > counts.get(i - 1))) {
                throw new IllegalArgumentException(
                        "answers, valid, functions, arguments and exact must be at least 0, and each at most the one"
                                + " before it, found " + counts);
            }
        }
    }

    /**
     * Adds an answer.
     *
     * @param answer what the model wrote
     * @param expected what it should write
     * @return the counts with it
     */
    public CallAccuracy plus(ToolAnswer answer, ToolAnswer expected) {
        Objects.requireNonNull(answer, "answer must not be null");
        Objects.requireNonNull(expected, "expected must not be null");
        List<ToolCall> calls = answer.calls();
        boolean isValid = !calls.isEmpty();
        boolean hasFunctions = isValid && names(calls).equals(names(expected.calls()));
        boolean hasArguments = hasFunctions;
        for (int i = 0; hasArguments && i < calls.size(); i++) {
            hasArguments = calls.get(i).isSameAs(expected.calls().get(i));
        }
        boolean isExact =
                hasArguments && answer.text().strip().equals(expected.text().strip());
        return new CallAccuracy(
                answers + 1,
                valid + (isValid ? 1 : 0),
                functions + (hasFunctions ? 1 : 0),
                arguments + (hasArguments ? 1 : 0),
                exact + (isExact ? 1 : 0));
    }

    private static List<String> names(List<ToolCall> calls) {
        return calls.stream().map(ToolCall::name).toList();
    }
}
