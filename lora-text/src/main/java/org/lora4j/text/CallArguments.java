package org.lora4j.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.JinjaTemplate;

/** The two forms that templates read the arguments of calls in. */
enum CallArguments {
    /** Maps, as most templates read them. */
    OBJECTS,
    /** JSON texts, which some templates put together with others. */
    TEXTS;

    private static final String ARGUMENTS = "arguments";
    private static final JinjaTemplate TO_JSON = JinjaTemplate.parse("{{ arguments | tojson }}");

    /**
     * Returns the values of a message with its arguments in this form.
     *
     * @throws IllegalArgumentException if the text of arguments is no JSON object
     */
    Map<String, @Nullable Object> in(ChatMessage message) {
        Map<String, @Nullable Object> values = message.values();
        if (values.get(ChatMessage.CALLS) instanceof List<?> calls) {
            values.put(
                    ChatMessage.CALLS,
                    calls.stream()
                            .map(call -> replace(call, "function", this::function))
                            .toList());
        }
        return values;
    }

    private Object function(Object function) {
        return replace(function, ARGUMENTS, this::converted);
    }

    private static Object replace(Object object, String field, UnaryOperator<Object> change) {
        if (!(object instanceof Map<?, ?> map)) {
            return object;
        }
        Map<Object, Object> changed = new LinkedHashMap<>(map);
        changed.computeIfPresent(field, (name, value) -> change.apply(value));
        return changed;
    }

    private Object converted(Object arguments) {
        boolean isText = arguments instanceof String;
        if (isText == (this == TEXTS)) {
            return arguments;
        }
        return arguments instanceof String text
                ? Json.map(Json.object("the arguments of a call", text))
                : TO_JSON.render(Map.of(ARGUMENTS, arguments)).text();
    }
}
