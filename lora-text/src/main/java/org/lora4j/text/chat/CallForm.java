package org.lora4j.text.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.internal.JinjaTemplate;
import org.lora4j.text.internal.Json;

/**
 * How messages with calls are given to a template. Templates read the arguments in one of two forms, a message without text in one
 * of two, with a content that is null or that is empty, and ids as they are, or with the name of the function.
 */
record CallForm(Arguments arguments, Content content, Ids ids) {
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

    enum Ids {
        AS_GIVEN,
        /** {@code functions.weather:0}, counted in the conversation: the template of Kimi-K2 writes these instead of names. */
        FUNCTIONS
    }

    private static final String ID = "id";
    private static final String RESULT_OF = "tool_call_id";
    private static final String CONTENT = "content";
    private static final String ARGUMENTS = "arguments";
    private static final JinjaTemplate TO_JSON = JinjaTemplate.parse("{{ arguments | tojson }}");
    private static final CallForm FIRST = new CallForm(Arguments.OBJECTS, Content.AS_GIVEN, Ids.AS_GIVEN);

    /** Returns the forms to try for a conversation, one after the other. */
    static List<CallForm> of(Conversation conversation) {
        List<ChatMessage> calling = conversation.messages().stream()
                .filter(message -> !message.toolCalls().isEmpty())
                .toList();
        if (calling.isEmpty()) {
            return List.of(FIRST);
        }
        List<CallForm> forms = new ArrayList<>();
        for (Ids ids : Ids.values()) {
            for (Arguments arguments : Arguments.values()) {
                forms.add(new CallForm(arguments, Content.AS_GIVEN, ids));
                if (calling.stream().anyMatch(message -> message.content() == null)) {
                    forms.add(new CallForm(arguments, Content.EMPTY, ids));
                }
                if (calling.stream().anyMatch(message -> "".equals(message.content()))) {
                    forms.add(new CallForm(arguments, Content.NULL, ids));
                }
            }
        }
        return forms;
    }

    /**
     * Returns the values of messages in this form.
     *
     * @throws IllegalArgumentException if the text of arguments is no JSON object
     */
    List<Map<String, @Nullable Object>> in(List<ChatMessage> messages) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        messages.forEach(message -> all.add(in(message)));
        return ids == Ids.FUNCTIONS ? withFunctions(all) : all;
    }

    /** Gives calls ids of their functions, and results the same. A result that names no call is one of the calls in their order. */
    private static List<Map<String, @Nullable Object>> withFunctions(List<Map<String, @Nullable Object>> messages) {
        Map<Object, String> known = new LinkedHashMap<>();
        Deque<String> open = new ArrayDeque<>();
        int count = 0;
        for (Map<String, @Nullable Object> message : messages) {
            if (message.get(ChatMessage.CALLS) instanceof List<?> calls) {
                List<Object> changed = new ArrayList<>();
                for (Object call : calls) {
                    if (call instanceof Map<?, ?> map) {
                        Map<?, ?> function = map.get("function") instanceof Map<?, ?> inner ? inner : map;
                        String id = "functions." + function.get("name") + ":" + count++;
                        open.add(id);
                        if (map.get(ID) != null) {
                            known.put(map.get(ID), id);
                        }
                        Map<Object, Object> changedCall = new LinkedHashMap<>(map);
                        changedCall.put(ID, id);
                        changed.add(changedCall);
                    } else {
                        changed.add(call);
                    }
                }
                message.put(ChatMessage.CALLS, changed);
            } else if (ChatMessage.TOOL.equals(message.get("role"))) {
                String next = open.poll();
                String id = known.getOrDefault(String.valueOf(message.get(RESULT_OF)), next);
                if (id != null) {
                    message.put(RESULT_OF, id);
                }
            }
        }
        return messages;
    }

    private Map<String, @Nullable Object> in(ChatMessage message) {
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
