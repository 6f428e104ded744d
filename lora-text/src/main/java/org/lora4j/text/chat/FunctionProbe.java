package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A conversation whose functions have other names, which occur nowhere else. So a text of it shows whether a template writes each tool
 * and each call: the name of a call alone can also be that of its tool, or a word of the user.
 *
 * @param conversation the conversation with the other names
 * @param names the names of the functions by the other ones
 */
record FunctionProbe(Conversation conversation, Map<String, String> names) {
    static FunctionProbe of(Conversation conversation) {
        Map<String, String> names = new LinkedHashMap<>();
        List<Map<String, Object>> tools = new ArrayList<>();
        conversation.tools().forEach(tool -> tools.add(renamed(tool, names)));
        List<ChatMessage> messages = conversation.messages().stream()
                .map(message -> renamed(message, names))
                .toList();
        return new FunctionProbe(new Conversation(messages, tools), names);
    }

    private static ChatMessage renamed(ChatMessage message, Map<String, String> names) {
        if (!(message.more().get(ChatMessage.CALLS) instanceof List<?> calls)) {
            return message;
        }
        List<Object> renamed = new ArrayList<>();
        calls.forEach(call -> renamed.add(call instanceof Map<?, ?> map ? renamed(map, names) : call));
        Map<String, Object> more = new LinkedHashMap<>(message.more());
        more.put(ChatMessage.CALLS, renamed);
        return new ChatMessage(message.role(), message.content(), more);
    }

    private static Map<String, Object> renamed(Map<?, ?> function, Map<String, String> names) {
        Map<String, Object> renamed = new LinkedHashMap<>();
        function.forEach((field, value) -> renamed.put(String.valueOf(field), value));
        // Some data sets write the function without what is around it.
        if (renamed.get("function") instanceof Map<?, ?> inner) {
            renamed.put("function", renamed(inner, names));
        } else if (renamed.get("name") instanceof String name) {
            String other = "lora4j_function_" + names.size() + "_";
            names.put(other, name);
            renamed.put("name", other);
        }
        return renamed;
    }

    /** Returns the functions that a text of the conversation does not have. */
    List<String> missing(String text) {
        return names.entrySet().stream()
                .filter(name -> !text.contains(name.getKey()))
                .map(Map.Entry::getValue)
                .toList();
    }
}
