package org.lora4j.example.text.tea;

import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;

/**
 * Another way to say the same.
 *
 * @param words words, and what stands in their place
 * @param begins what stands before an answer
 * @param ends what stands behind it
 */
record Tone(Map<String, String> words, String begins, String ends) {
    private static final Pattern WORDS = Pattern.compile("[A-Za-z]+ are|I am|[A-Za-z]+");

    /** Returns the conversation with other answers. */
    Conversation of(Conversation conversation) {
        return new Conversation(conversation.messages().stream().map(this::of).toList(), conversation.tools());
    }

    private ChatMessage of(ChatMessage message) {
        String content = message.content();
        return content == null || !message.role().equals(ChatMessage.ASSISTANT)
                ? message
                : ChatMessage.of(ChatMessage.ASSISTANT, of(content));
    }

    private String of(String answer) {
        return begins + WORDS.matcher(answer).replaceAll(word -> words.getOrDefault(word.group(), word.group())) + ends;
    }
}
