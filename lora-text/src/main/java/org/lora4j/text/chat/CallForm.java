package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.internal.JinjaTemplate;
import org.lora4j.text.internal.Json;

/**
 * How messages with calls are given to a template. Templates read the arguments in one of two forms, and a message without text in one
 * of two: with a content that is null, or that is empty.
 */
record CallForm(Arguments arguments, Content content) {
    enum Arguments {
        /** Maps, as most templates read them. */
        OBJECTS,
        /** JSON texts, which some templates put together with others. */
        TEXTS
    }

    enum Content {
        AS_GIVEN,
        EMPTY,
        NULL
    }

    private static final String CONTENT = "content";
    private static final String ARGUMENTS = "arguments";
    private static final JinjaTemplate TO_JSON = JinjaTemplate.parse("{{ arguments | tojson }}");
    private static final CallForm FIRST = new CallForm(Arguments.OBJECTS, Content.AS_GIVEN);

    /** Returns the forms to try for a conversation, one after the other. */
    static List<CallForm> of(Conversation conversation) {
        List<ChatMessage> calling = conversation.messages().stream()
                .filter(message -> !message.toolCalls().isEmpty())
                .toList();
        if (calling.isEmpty()) {
            return List.of(FIRST);
        }
        List<CallForm> forms = new ArrayList<>();
        for (Arguments arguments : Arguments.values()) {
            forms.add(new CallForm(arguments, Content.AS_GIVEN));
            if (calling.stream().anyMatch(message -> message.content() == null)) {
                forms.add(new CallForm(arguments, Content.EMPTY));
            }
            if (calling.stream().anyMatch(message -> "".equals(message.content()))) {
                forms.add(new CallForm(arguments, Content.NULL));
            }
        }
        return forms;
    }

    /**
     * Returns the values of a message in this form.
     *
     * @throws IllegalArgumentException if the text of arguments is no JSON object
     */
    Map<String, @Nullable Object> in(ChatMessage message) {
        Map<String, @Nullable Object> values = message.values();
        if (!(values.get(ChatMessage.CALLS) instanceof List<?> calls) || calls.isEmpty()) {
            return values;
        }
        values.put(
                ChatMessage.CALLS,
                calls.stream()
                        .map(call -> replace(call, "function", this::function))
                        .toList());
        if (content == Content.EMPTY && message.content() == null) {
            values.put(CONTENT, "");
        } else if (content == Content.NULL && "".equals(message.content())) {
            values.put(CONTENT, null);
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

    private Object converted(Object given) {
        boolean isText = given instanceof String;
        if (isText == (arguments == Arguments.TEXTS)) {
            return given;
        }
        return given instanceof String text
                ? Json.map(Json.object("the arguments of a call", text))
                : TO_JSON.render(Map.of(ARGUMENTS, given)).text();
    }
}
