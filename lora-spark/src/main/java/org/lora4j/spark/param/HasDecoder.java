package org.lora4j.spark.param;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.lora4j.spark.internal.param.StorageName;
import org.lora4j.spark.internal.param.TextParam;

/**
 * A decoder and its texts, in one of three forms: conversations, prompts with completions, or plain text. The form is that of
 * the columns that are set. If none is set, the table decides: it has {@code messages}, or {@code prompt}, or {@code text}, in
 * this order.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasDecoder<S> extends HasBase<S> {
    /** {@return the parameter of the column of plain text} */
    default Param<String> textCol() {
        return TextParam.any(this, "textCol", "column of plain text");
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

    /** {@return the column of plain text} */
    default String getTextCol() {
        return getOrDefault(textCol());
    }

    /** {@return the parameter of the column of prompts} */
    default Param<String> promptCol() {
        return TextParam.any(this, "promptCol", "column of prompts");
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

    /** {@return the column of prompts} */
    default String getPromptCol() {
        return getOrDefault(promptCol());
    }

    /** {@return the parameter of the column of what follows the prompts} */
    default Param<String> completionCol() {
        return TextParam.any(this, "completionCol", "column of what follows the prompts");
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

    /** {@return the column of what follows the prompts} */
    default String getCompletionCol() {
        return getOrDefault(completionCol());
    }

    /** {@return the parameter of the column of conversations} */
    default Param<String> messagesCol() {
        return TextParam.any(this, "messagesCol", "column of conversations: arrays of structs with role and content");
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

    /** {@return the column of conversations} */
    default String getMessagesCol() {
        return getOrDefault(messagesCol());
    }

    /** {@return the parameter of how the weights of the decoder are stored in memory} */
    default Param<String> storage() {
        return TextParam.oneOf(
                this, "storage", "how the weights of the decoder are stored in memory", StorageName.class);
    }

    /**
     * Sets how the weights of the decoder are stored in memory.
     *
     * @param value float, which is the default; double; or bf16, int8, int8Dynamic or int4, which round the large matrices
     * @return this
     */
    default S setStorage(String value) {
        return (S) set(storage(), value);
    }

    /** {@return how the weights of the decoder are stored in memory} */
    default String getStorage() {
        return getOrDefault(storage());
    }

    /** {@return the parameter of the tokens after which an example is cut, or of a block of plain text} */
    default IntParam maxTokens() {
        return new IntParam(
                this,
                "maxTokens",
                "tokens after which an example is cut, or of a block of plain text (>= 2); without it, the"
                        + " positions of the decoder, at most 1024",
                ParamValidators.gtEq(2));
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

    /** {@return the tokens after which an example is cut, or of a block of plain text} */
    default int getMaxTokens() {
        return (int) getOrDefault(maxTokens());
    }
}
