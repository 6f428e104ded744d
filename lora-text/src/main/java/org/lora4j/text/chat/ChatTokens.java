package org.lora4j.text.chat;

import java.util.Arrays;
import java.util.List;

/** The tokens of a conversation, and which of them the model wrote. */
public final class ChatTokens {
    private final int[] ids;
    private final List<TokenRange> assistant;
    private final boolean isCut;

    ChatTokens(int[] ids, List<TokenRange> assistant, boolean isCut) {
        this.ids = ids;
        this.assistant = List.copyOf(assistant);
        this.isCut = isCut;
    }

    /**
     * Returns all tokens.
     *
     * @return a new array {@code [t]}
     */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * Returns the turns of the assistant, with what ends each of them. A loss on them alone trains the model to answer and not
     * to ask.
     *
     * @return a range for each turn that was not cut off
     */
    public List<TokenRange> assistant() {
        return assistant;
    }

    /**
     * Returns for each token whether it is to be learned.
     *
     * @return {@code [t]}: true for the tokens of {@link #assistant}
     */
    public boolean[] learned() {
        boolean[] learned = new boolean[ids.length];
        for (TokenRange range : assistant) {
            Arrays.fill(learned, range.from(), range.to(), true);
        }
        return learned;
    }

    /**
     * Returns whether the end was cut off.
     *
     * @return false if the whole conversation is there
     */
    public boolean isCut() {
        return isCut;
    }
}
