package org.lora4j.cli.language;

import java.util.List;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.ChatText;
import org.lora4j.text.chat.ChatTokens;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tokens.TextPair;

/** A text of which a model learns the answers, before its tokens. */
sealed interface AnswerText {
    /**
     * A normalization makes at most so many bytes of one (<a href="https://unicode.org/faq/normalization.html#12">Unicode</a>), and
     * no token has less than a byte.
     */
    int MOST_TOKENS_OF_BYTE = 11;

    /** What a tokenizer adds at the beginning. */
    int MOST_ADDED = 8;

    /** A conversation that a chat template wrote. */
    record Chat(ChatText chat) implements AnswerText {
        @Override
        public TokenExample tokens(DecoderFolder decoder) {
            ChatTokens tokens = ChatTemplate.tokens(decoder.tokenizer(), chat);
            return new TokenExample(tokens.ids(), tokens.learned());
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

    /** A prompt and a completion as they stand, for a model without a chat template. */
    record Completion(TextPair pair) implements AnswerText {
        @Override
        public TokenExample tokens(DecoderFolder decoder) {
            return decoder.tokens().completion(pair.first(), pair.second());
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
     * Reads a row.
     *
     * @return the text; or one for each answer, if the template writes earlier answers in another way
     * @throws IllegalArgumentException if it has another form, or the template refuses it; the message names the line
     */
    static List<AnswerText> of(DecoderFolder decoder, TextRow row) {
        ChatTemplate template = decoder.template().orElse(null);
        if (template == null) {
            requireTexts(decoder, row, "prompt", "completion");
            return List.of(new Completion(row.pair("prompt", "completion")));
        }
        var conversation = Conversation.of(row);
        try {
            return template.examples(conversation).stream()
                    .<AnswerText>map(Chat::new)
                    .toList();
        } catch (IllegalArgumentException e) {
            throw row.refuse("the chat template must take the conversation: " + e.getMessage());
        }
    }

    /**
     * Checks that a row has texts, for a model without a chat template.
     *
     * @throws IllegalArgumentException if a column is missing, as in conversations; the message names the line
     */
    static void requireTexts(DecoderFolder decoder, TextRow row, String... columns) {
        if (!row.columns().containsAll(List.of(columns))) {
            throw row.refuse(
                    "must have the texts " + String.join(", ", columns) + ", because the model " + decoder.name()
                            + " has no chat template, found " + row.columns()
                            + "; for conversations, name a model with a chat template with --model");
        }
    }

    /** Returns what two rows are compared by: the whole conversation. */
    static String content(DecoderFolder decoder, TextRow row) {
        if (decoder.template().isPresent()) {
            return Conversation.of(row).toString();
        }
        requireTexts(decoder, row, "prompt", "completion");
        return row.pair("prompt", "completion").toString();
    }

    /** Returns the tokens, and which of them are learned. */
    TokenExample tokens(DecoderFolder decoder);

    /** Returns what stands before the first answer. */
    String prompt();

    /** Whether there is an answer at all. */
    boolean hasAnswer();

    /** Whether something to learn is left of the first tokens. Mostly this is clear without tokens. */
    default boolean isLearnable(DecoderFolder decoder, int maxTokens) {
        long most = MOST_ADDED;
        for (char c : prompt().toCharArray()) {
            // Three bytes are the most of a character that Java counts as one.
            most += c < 0x80 ? 1 : 3 * MOST_TOKENS_OF_BYTE;
        }
        return (hasAnswer() && most < maxTokens) || tokens(decoder).cut(maxTokens) != null;
    }
}
