package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.ChatTemplate;
import org.lora4j.text.Conversation;

/** Chats, which the chat template of the model writes. */
final class ChatForm implements TextForm {
    private static final Map<String, String> ROLES = Map.of(
            "system",
            "system",
            // The newer name of the same, which templates do not know.
            "developer",
            "system",
            "user",
            "user",
            ChatMessage.ASSISTANT,
            ChatMessage.ASSISTANT);
    private static final Set<String> FIELDS = Set.of("role", "content", "name");
    private static final String RULE = "a list of at least one message";

    private final ServedDecoder decoder;
    private final FieldRules rules;

    ChatForm(ServedDecoder decoder) {
        this.decoder = decoder;
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        fields.add("messages");
        fields.add("max_completion_tokens");
        rules = new FieldRules(fields);
    }

    @Override
    public FieldRules rules() {
        return rules;
    }

    @Override
    public List<Prompt> prompts(JsonBody body) {
        ChatTemplate template = decoder.template()
                .orElseThrow(() -> ApiException.of(
                        400,
                        "no_chat_template",
                        "the model must have a chat template for chats, found none; use /v1/completions"));
        JsonNode messages = body.require("messages", RULE);
        if (!messages.isArray() || messages.isEmpty()) {
            throw JsonBody.wrong("messages", RULE, messages);
        }
        List<ChatMessage> all = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            all.add(message("messages[" + i + "]", messages.get(i)));
        }
        try {
            int[] tokens = decoder.tokens().prompt(new Conversation(all, List.of()), template);
            return List.of(new Prompt(tokens, ""));
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_messages", String.valueOf(e.getMessage()));
        }
    }

    private static ChatMessage message(String at, JsonNode message) {
        String role = ROLES.get(message.path("role").asText());
        if (role == null) {
            throw JsonBody.wrong(at + ".role", "system, developer, user or assistant", message.path("role"));
        }
        message.properties().forEach(field -> {
            if (!FIELDS.contains(field.getKey())
                    && !field.getValue().isNull()
                    && !(field.getValue().isContainerNode() && field.getValue().isEmpty())) {
                String name = at + "." + field.getKey();
                throw ApiException.unsupported(
                        MessageText.shorten(name), MessageText.quote(name) + " is not supported; leave it out");
            }
        });
        return ChatMessage.of(role, content(at + ".content", message.path("content")));
    }

    private static String content(String at, JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        String rule = "a text, or a list of parts of the type text";
        if (!content.isArray() || content.isEmpty()) {
            throw JsonBody.wrong(at, rule, content);
        }
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
                throw JsonBody.wrong(at + "[" + i + "]", "of the type text", part.path("type"));
            }
            texts.add(part.path("text").textValue());
        }
        return String.join("\n", texts);
    }

    @Override
    public int defaultTokens() {
        return decoder.maxNewTokens();
    }

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String type(boolean isPart) {
        return isPart ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public void whole(ObjectNode choice, String text) {
        choice.putObject("message")
                .put("role", ChatMessage.ASSISTANT)
                .put("content", text)
                .putNull("refusal");
    }

    @Override
    public void part(ObjectNode choice, @Nullable String text, boolean isFirst) {
        ObjectNode delta = choice.putObject("delta");
        if (isFirst) {
            delta.put("role", ChatMessage.ASSISTANT);
        }
        if (text != null) {
            delta.put("content", text);
        }
    }
}
