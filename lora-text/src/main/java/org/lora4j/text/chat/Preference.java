package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.internal.TextCheck;

/**
 * A prompt with two answers, of which one is preferred.
 *
 * @param prompt the messages up to the answer, and the tools
 * @param chosen the answer that is preferred: a message of the assistant, or several that begin and end with one
 * @param rejected the other answer
 */
public record Preference(Conversation prompt, List<ChatMessage> chosen, List<ChatMessage> rejected) {
    /**
     * Checks the answers.
     *
     * @param prompt the messages up to the answer, and the tools
     * @param chosen the answer that is preferred
     * @param rejected the other answer
     * @throws IllegalArgumentException if an answer has no message, does not begin and end with a message of the assistant, or has one
     *     that is not {@linkplain ChatMessage#isLearned learned}; or both are the same
     */
    public Preference {
        Objects.requireNonNull(prompt, "prompt must not be null");
        chosen = List.copyOf(Objects.requireNonNull(chosen, "chosen must not be null"));
        rejected = List.copyOf(Objects.requireNonNull(rejected, "rejected must not be null"));
        requireAnswer("chosen", chosen);
        requireAnswer("rejected", rejected);
        if (chosen.equals(rejected)) {
            throw new IllegalArgumentException("chosen and rejected must differ, found the same answer twice");
        }
    }

    private static void requireAnswer(String which, List<ChatMessage> answer) {
        if (answer.isEmpty()) {
            throw new IllegalArgumentException(which + " must have at least one message after the prompt, found none");
        }
        String first = answer.get(0).role();
        String last = answer.get(answer.size() - 1).role();
        if (!first.equals(ChatMessage.ASSISTANT) || !last.equals(ChatMessage.ASSISTANT)) {
            throw new IllegalArgumentException(which + " must begin and end with a message of the assistant after the"
                    + " prompt, found " + TextCheck.line(first) + " and " + TextCheck.line(last)
                    + "; leave out prompt if the messages of chosen and rejected begin with it");
        }
        if (answer.stream().anyMatch(message -> message.role().equals(ChatMessage.ASSISTANT) && !message.isLearned())) {
            throw new IllegalArgumentException(
                    which + " must count as a whole, found a message of the assistant with weight 0;"
                            + " leave out the weight, or the line");
        }
    }

    /**
     * Returns the preference of a row, in the forms that TRL reads: {@code prompt}, {@code chosen} and {@code rejected}, each a text,
     * for a message of the user and two of the assistant, or a list of messages; or {@code chosen} and {@code rejected} alone, two lists
     * of messages that begin with the same messages, the prompt. {@code tools} are the tools. Or in the form of OpenAI: {@code input}
     * with {@code messages} and {@code tools}, {@code preferred_output} and {@code non_preferred_output}.
     *
     * @param row the row of a file
     * @return the preference
     * @throws TextFormatException if the row has another form, both answers are the same, or as {@link Conversation#of(TextRow)}; the
     *     message says what was expected
     */
    public static Preference of(TextRow row) {
        return new ChatRow(Objects.requireNonNull(row, "row must not be null")).preference();
    }

    /**
     * Returns the row of which {@link #of(TextRow)} makes this preference.
     *
     * @return {@code prompt}, {@code chosen} and {@code rejected}, and {@code tools} if there are some
     */
    public Map<String, Object> toRow() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("prompt", Conversation.values(prompt.messages()));
        row.put("chosen", Conversation.values(chosen));
        row.put("rejected", Conversation.values(rejected));
        return prompt.withTools(row);
    }

    /**
     * Creates a preference of two conversations. The messages with which both begin are the prompt.
     *
     * @param chosen the conversation with the preferred answer
     * @param rejected the one with the other answer
     * @param tools the tools that the model may call, as JSON schemas; mostly none
     * @return the preference
     * @throws IllegalArgumentException if they begin with different messages, or what follows is no answer; see the constructor
     */
    public static Preference between(
            List<ChatMessage> chosen, List<ChatMessage> rejected, List<Map<String, Object>> tools) {
        Objects.requireNonNull(chosen, "chosen must not be null");
        Objects.requireNonNull(rejected, "rejected must not be null");
        Objects.requireNonNull(tools, "tools must not be null");
        int common = 0;
        while (common < Math.min(chosen.size(), rejected.size())
                && chosen.get(common).equals(rejected.get(common))) {
            common++;
        }
        if (common == 0) {
            throw new IllegalArgumentException(
                    "chosen and rejected must begin with the same messages, the prompt, found"
                            + " different first messages");
        }
        return new Preference(
                new Conversation(chosen.subList(0, common), tools),
                chosen.subList(common, chosen.size()),
                rejected.subList(common, rejected.size()));
    }

    /** Returns the prompt with one of the answers. */
    Conversation with(List<ChatMessage> answer) {
        List<ChatMessage> all = new ArrayList<>(prompt.messages());
        all.addAll(answer);
        return new Conversation(all, prompt.tools());
    }
}
