package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * A decoder and its texts, in one of three forms: conversations, prompts with completions, or plain text. The form is that of
 * the columns that are set. If none is set, the table decides: it has {@code messages}, or {@code prompt}, or {@code text}, in
 * this order.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasDecoder<S> extends HasBase<S> {
    @Override
    DecoderParams baseParams();

    /**
     * Returns the parameter of the column of plain text.
     *
     * @return the parameter
     */
    default Param<String> textCol() {
        return baseParams().text;
    }

    /**
     * Sets the column of plain text.
     *
     * @param value a column of strings
     * @return this
     */
    default S setTextCol(String value) {
        return (S) set(textCol(), value);
    }

    /**
     * Returns the column of plain text.
     *
     * @return the value
     */
    default String getTextCol() {
        return getOrDefault(textCol());
    }

    /**
     * Returns the parameter of the column of prompts.
     *
     * @return the parameter
     */
    default Param<String> promptCol() {
        return baseParams().prompt;
    }

    /**
     * Sets the column of prompts.
     *
     * @param value a column of strings. A model with a chat template takes a prompt as a message of the user; else it is taken as it stands
     * @return this
     */
    default S setPromptCol(String value) {
        return (S) set(promptCol(), value);
    }

    /**
     * Returns the column of prompts.
     *
     * @return the value
     */
    default String getPromptCol() {
        return getOrDefault(promptCol());
    }

    /**
     * Returns the parameter of the column of what follows the prompts.
     *
     * @return the parameter
     */
    default Param<String> completionCol() {
        return baseParams().completion;
    }

    /**
     * Sets the column of what follows the prompts.
     *
     * @param value a column of strings, which the model learns, or whose probability is computed; not needed to generate
     * @return this
     */
    default S setCompletionCol(String value) {
        return (S) set(completionCol(), value);
    }

    /**
     * Returns the column of what follows the prompts.
     *
     * @return the value
     */
    default String getCompletionCol() {
        return getOrDefault(completionCol());
    }

    /**
     * Returns the parameter of the column of conversations.
     *
     * @return the parameter
     */
    default Param<String> messagesCol() {
        return baseParams().messages;
    }

    /**
     * Sets the column of conversations.
     *
     * @param value a column of arrays of structs with role and content. The model learns the messages of the assistant, as its chat
     *     template writes them
     * @return this
     */
    default S setMessagesCol(String value) {
        return (S) set(messagesCol(), value);
    }

    /**
     * Returns the column of conversations.
     *
     * @return the value
     */
    default String getMessagesCol() {
        return getOrDefault(messagesCol());
    }

    /**
     * Returns the parameter of how the weights of the decoder are stored in memory.
     *
     * @return the parameter
     */
    default Param<String> storage() {
        return baseParams().storage;
    }

    /**
     * Sets how the weights of the decoder are stored in memory.
     *
     * @param value float, which is the default; double; or bf16 or int8, which round the large matrices
     * @return this
     */
    default S setStorage(String value) {
        return (S) set(storage(), value);
    }

    /**
     * Returns how the weights of the decoder are stored in memory.
     *
     * @return the value
     */
    default String getStorage() {
        return getOrDefault(storage());
    }

    /**
     * Returns the parameter of the tokens after which an example is cut, or of a block of plain text.
     *
     * @return the parameter
     */
    default IntParam maxTokens() {
        return baseParams().tokens;
    }

    /**
     * Sets the tokens after which an example is cut, or of a block of plain text.
     *
     * @param value at least 2, because nothing predicts a first token, and at most the positions of the decoder
     * @return this
     */
    default S setMaxTokens(int value) {
        return (S) set(maxTokens(), value);
    }

    /**
     * Returns the tokens after which an example is cut, or of a block of plain text.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getMaxTokens() {
        return (int) getOrDefault(maxTokens());
    }
}
