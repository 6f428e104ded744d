package org.lora4j.text.chat;

import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tokens.TextPair;

/** A text of which a language model learns the answers, before its tokens. {@link DecoderTokens#learned} reads it from a row. */
public sealed interface LearnedText {
    /**
     * A conversation that a chat template wrote.
     *
     * @param chat the text, and where the assistant speaks in it
     */
    record Chat(ChatText chat) implements LearnedText {
        @Override
        public TokenExample tokens(DecoderTokens tokens) {
            return tokens.chat(chat);
        }

        @Override
        public String prompt() {
            return chat.assistant().stream()
                    .filter(turn -> turn.to() > turn.from())
                    .findFirst()
                    .map(turn -> chat.text().substring(0, turn.from()))
                    .orElse(chat.text());
        }

        @Override
        public boolean hasAnswer() {
            return chat.assistant().stream().anyMatch(turn -> turn.to() > turn.from());
        }
    }

    /**
     * A prompt and a completion as they stand, for a model without a chat template.
     *
     * @param pair the prompt and the completion
     */
    record Completion(TextPair pair) implements LearnedText {
        @Override
        public TokenExample tokens(DecoderTokens tokens) {
            return tokens.completion(pair.first(), pair.second());
        }

        @Override
        public String prompt() {
            return pair.first();
        }

        @Override
        public boolean hasAnswer() {
            return true;
        }
    }

    /**
     * Returns the tokens, and which of them are learned.
     *
     * @param tokens the tokens of the model
     * @return all of them
     */
    TokenExample tokens(DecoderTokens tokens);

    /**
     * Returns the first tokens.
     *
     * @param tokens the tokens of the model
     * @param most the most tokens
     * @return the text, cut
     * @throws IllegalArgumentException if nothing that is learned would be left
     */
    default TokenExample tokens(DecoderTokens tokens, int most) {
        TokenExample cut = tokens(tokens).cut(most);
        if (cut == null) {
            throw new IllegalArgumentException(
                    "the text must have an answer within " + most + " tokens, found none; set more tokens");
        }
        return cut;
    }

    /**
     * Returns what stands before the first answer.
     *
     * @return the beginning of the text
     */
    String prompt();

    /**
     * Returns whether there is an answer at all.
     *
     * @return false if nothing is learned
     */
    boolean hasAnswer();

    /**
     * Returns whether something to learn is left of the first tokens. Mostly this is clear without tokens.
     *
     * @param tokens the tokens of the model
     * @param most the most tokens
     * @return whether {@link #tokens(DecoderTokens, int)} returns something
     */
    default boolean isLearnable(DecoderTokens tokens, int most) {
        return (hasAnswer() && DecoderTokens.mostTokens(prompt()) < most)
                || tokens(tokens).cut(most) != null;
    }
}
