package org.lora4j.text.chat.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call in the order of the parameters.
 *
 * @param function what is called, for messages
 * @param values the arguments, and the defaults of those that are not given
 * @param passed the arguments as the template gives them
 * @param budget what the call may use
 */
record CallArguments(String function, List<@Nullable Object> values, Passed passed, Budget budget) {
    @Nullable
    Object get(int i) {
        return values.get(i);
    }

    boolean isNone(int i) {
        return values.get(i) == null;
    }

    boolean flag(int i) {
        return Values.isTrue(values.get(i));
    }

    /** An argument that must be a text. */
    String text(int i) {
        if (values.get(i) instanceof String text) {
            budget.read(text.length());
            return text;
        }
        throw new JinjaException(function + ": argument " + (i + 1) + " must be a text, found " + Values.kind(get(i)));
    }

    /** An argument as a template writes it. */
    String written(int i) {
        String text = Printer.text(values.get(i), budget);
        budget.read(text.length());
        return text;
    }

    int integer(int i) {
        if (!Numbers.isWhole(values.get(i))) {
            throw new JinjaException(
                    function + ": argument " + (i + 1) + " must be a whole number, found " + Values.kind(get(i)));
        }
        return Numbers.index(values.get(i));
    }
}
