package org.lora4j.text.chat;

import java.util.List;
import java.util.Objects;

/**
 * A conversation as a template writes it for training, before its tokens.
 *
 * @param text the text, with the special tokens in it
 * @param assistant what the assistant wrote and a training learns, with what ends each of its turns
 */
public record ChatText(String text, List<Turn> assistant) {
    /**
     * A turn.
     *
     * @param from the first character, as {@link String} counts them
     * @param to the one after the last
     */
    public record Turn(int from, int to) {}

    /**
     * Copies the list.
     *
     * @param text the text
     * @param assistant the turns
     */
    public ChatText {
        Objects.requireNonNull(text, "text must not be null");
        Objects.requireNonNull(assistant, "assistant must not be null");
        assistant = List.copyOf(assistant);
    }
}
