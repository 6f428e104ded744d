package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;

/**
 * Reads the texts of a row as tokens.
 *
 * @param base the decoder
 * @param form what the row has
 * @param first the index of the conversation, the prompt or the text
 * @param second the index of the completion; −1 if there is none
 */
public record DecoderReader(Broadcast<BaseDecoder> base, DecoderColumns.Form form, int first, int second)
        implements Serializable {
    private static final String PROMPT = "promptCol: the prompt";
    private static final String COMPLETION = "completionCol: the completion";
    private static final String TEXT = "textCol: the text";
    private static final String MESSAGES = "messagesCol: the conversation";

    /**
     * Reads what a row teaches: an example, or of plain text one for each block.
     *
     * @throws InvalidRowException if the row cannot be computed
     */
    public List<TokenExample> examples(Row row) {
        if (form == DecoderColumns.Form.TEXT) {
            List<TokenExample> blocks =
                    DecoderTokens.blocks(text(row), base.value().maxTokens());
            if (blocks.isEmpty()) {
                throw new InvalidRowException(TEXT + " of a row must have at least two tokens, found fewer");
            }
            return blocks;
        }
        return List.of(answers(row));
    }

    /**
     * Reads the answers of a row, cut after the most tokens.
     *
     * @throws InvalidRowException if the row cannot be computed, or no token of an answer is left
     */
    TokenExample answers(Row row) {
        int most = base.value().maxTokens();
        DecoderTokens tokens = base.value().tokens();
        TokenExample whole = form == DecoderColumns.Form.MESSAGES
                ? read(MESSAGES, () -> tokens.conversation(conversation(row)))
                : read(PROMPT, () -> tokens.exchange(string(row, first, PROMPT), string(row, second, COMPLETION)));
        @Nullable TokenExample cut = whole.cut(most);
        if (cut == null) {
            throw new InvalidRowException((form == DecoderColumns.Form.MESSAGES ? MESSAGES : PROMPT)
                    + " of a row must leave a token of an answer within maxTokens, which are " + most + ", found "
                    + whole.length() + " tokens, of which " + whole.learnedTokens() + " are of answers");
        }
        return cut;
    }

    /** Reads the tokens of plain text, with its end. */
    int[] text(Row row) {
        String text = string(row, first, TEXT);
        return read(TEXT, () -> base.value().tokens().text(text));
    }

    /**
     * Reads the tokens to continue: of a conversation, without an answer at its end.
     *
     * @throws InvalidRowException if the row cannot be computed
     */
    public int[] prompt(Row row) {
        DecoderTokens tokens = base.value().tokens();
        return switch (form) {
            case MESSAGES -> read(MESSAGES, () -> tokens.prompt(withoutAnswer(conversation(row))));
            case PROMPT -> read(PROMPT, () -> tokens.prompt(string(row, first, PROMPT)));
            case TEXT -> read(TEXT, () -> tokens.plain(string(row, first, TEXT)));
        };
    }

    private static Conversation withoutAnswer(Conversation conversation) {
        List<ChatMessage> messages = conversation.messages();
        ChatMessage last = messages.get(messages.size() - 1);
        return last.role().equals(ChatMessage.ASSISTANT)
                ? new Conversation(messages.subList(0, messages.size() - 1), List.of())
                : conversation;
    }

    private Conversation conversation(Row row) {
        TableColumns.requireValue(row, first, MESSAGES);
        return Messages.read(row.getList(first));
    }

    private static String string(Row row, int column, String what) {
        TableColumns.requireValue(row, column, what);
        return row.getString(column);
    }

    /** Says of what the library refuses that the row is at fault. */
    private static <T> T read(String what, Supplier<T> tokens) {
        try {
            return tokens.get();
        } catch (InvalidRowException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException(what + " of a row cannot be used: " + e.getMessage(), e);
        }
    }
}
