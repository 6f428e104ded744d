package org.lora4j.text.chat.internal;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a call, as the template gives them.
 *
 * @param values those without a name
 * @param named those with a name
 */
record Passed(List<@Nullable Object> values, Map<String, @Nullable Object> named) {
    static final Passed NOTHING = new Passed(List.of(), Map.of());

    /** The arguments after the first ones. */
    Passed from(int first) {
        return new Passed(values.subList(first, values.size()), named);
    }

    void requireNoNames(String function) {
        if (!named.isEmpty()) {
            throw new JinjaException(function + ": has no argument with the name '"
                    + named.keySet().iterator().next() + "'");
        }
    }
}
