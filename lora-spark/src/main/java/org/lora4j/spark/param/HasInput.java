package org.lora4j.spark.param;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The input of a network of features or of an encoder, and its prediction.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasInput<S> extends HasBase<S> {
    /** {@return the parameter of the column of the input} */
    Param<String> featuresCol();

    /**
     * Sets the column of the input.
     *
     * @param value a column of vectors or arrays of numbers; for an encoder, one of arrays of tokens, or one of texts, which
     *     the encoder's tokenizer.json turns into tokens
     * @return this
     */
    default S setFeaturesCol(String value) {
        return (S) set(featuresCol(), value);
    }

    /** {@return the parameter of the column of the masks of tokens} */
    default Param<String> maskCol() {
        return TextParam.any(
                this, "maskCol", "column that has 1 for each token and 0 for padding; without it, there is no padding");
    }

    /**
     * Sets the column of the masks of tokens.
     *
     * @param value a column of arrays with 1 for each token and 0 for padding. Padding is not computed, so it is better to
     *     have none
     * @return this
     */
    default S setMaskCol(String value) {
        return (S) set(maskCol(), value);
    }

    /** {@return the parameter of the column of the second texts of pairs} */
    default Param<String> pairCol() {
        return TextParam.any(
                this,
                "pairCol",
                "column of the second texts of pairs, such as the documents beside the queries of featuresCol; without it, inputs"
                        + " are no pairs");
    }

    /**
     * Sets the column of the second texts of pairs, for a network that compares two texts, such as a reranker. {@link #featuresCol}
     * has the first ones.
     *
     * @param value a column of texts, such as documents beside queries
     * @return this
     */
    default S setPairCol(String value) {
        return (S) set(pairCol(), value);
    }

    /** {@return the parameter of the name of the prompt of texts} */
    default Param<String> promptName() {
        return TextParam.any(
                this,
                "promptName",
                "name of the prompt before each text, one of config_sentence_transformers.json, such as query or document;"
                        + " without it, the default of that file");
    }

    /**
     * Sets which prompt of the folder is put before each text, as {@code prompt_name} of sentence-transformers. Train and score with the
     * same one.
     *
     * @param value the name of a prompt of {@code config_sentence_transformers.json}, such as query or document
     * @return this
     */
    default S setPromptName(String value) {
        return (S) set(promptName(), value);
    }

    /** {@return the parameter of the prompt of texts} */
    default Param<String> prompt() {
        return TextParam.any(
                this, "prompt", "words before each text, in place of a prompt of the folder; empty for none at all");
    }

    /**
     * Sets the words that are put before each text, for a folder that does not name its prompts, such as those of E5.
     *
     * @param value the words with the space at their end, such as <code>"query: "</code>; empty for no prompt, also if the folder has a
     *     default
     * @return this
     */
    default S setPrompt(String value) {
        return (S) set(prompt(), value);
    }

    /** {@return the parameter of the column of the predictions} */
    Param<String> predictionCol();

    /**
     * Sets the column of the predictions, which the transformer adds: a double, which the evaluators of Spark ML take. It is the
     * number of the class with the greatest output, or the output itself if the network has one. An encoder whose head is
     * {@code embedding} has none, and it is null for an adapter that gives a text any number of labels: {@code outputCol} has their outputs
     * z, of which {@code 1/(1 + exp(−z))} are the probabilities.
     *
     * @param value a new column
     * @return this
     */
    default S setPredictionCol(String value) {
        return (S) set(predictionCol(), value);
    }

    /** {@return the parameter of what an encoder ends with} */
    default Param<String> encoderHead() {
        return TextParam.oneOf(this, "encoderHead", "what an encoder ends with", EncoderHead.class);
    }

    /**
     * Sets what an encoder ends with.
     *
     * @param value classifier, on the pooler's output, or on the last token of a decoder; meanClassifier, on the mean over the tokens;
     *     embedding, the modules of {@code modules.json}, or for an encoder without that file the mean over the tokens, divided by its
     *     norm; or yesNo, for a decoder that scores pairs in the prompt of Qwen3-Reranker: how much likelier it answers yes than no. If
     *     it is not set and all rows have one adapter with a {@code task.json}, this file says it
     * @return this
     */
    default S setEncoderHead(String value) {
        return (S) set(encoderHead(), value);
    }

    /** {@return the parameter of the number of classes of a new classifier on an encoder} */
    default IntParam numLabels() {
        return new IntParam(
                this,
                "numLabels",
                "number of classes of a new classifier on an encoder (>= 1); without it, the classifier of"
                        + " the file",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the number of classes of a new classifier on an encoder. Each stage starts it with the same weights. Adapters bring
     * trained ones.
     *
     * @param value at least 1; if it is not set, the file of the encoder or each adapter must have a classifier
     * @return this
     */
    default S setNumLabels(int value) {
        return (S) set(numLabels(), value);
    }

    /** {@return the parameter of the length of an embedding} */
    default IntParam dimensions() {
        return new IntParam(
                this,
                "dimensions",
                "length of an embedding, its first numbers (>= 1); without it, the whole one",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the length of an embedding, for models that were trained for shorter ones: {@code truncate_dim} of sentence-transformers.
     *
     * @param value at least 1, and at most the length of the whole embedding
     * @return this
     */
    default S setDimensions(int value) {
        return (S) set(dimensions(), value);
    }

    /** {@return the parameter of the most tokens of a text} */
    default IntParam maxTokens() {
        return new IntParam(
                this,
                "maxTokens",
                "most tokens of a text (>= 1); longer ones are cut; without it, as many as the files of an encoder"
                        + " say; for a decoder 512, or 8192 if it answers yes or no",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the most tokens of a text or a pair, with the special ones. Longer texts are cut. It holds in place of what adapters say.
     *
     * @param value at least 1, and at most the positions of the encoder
     * @return this
     */
    default S setMaxTokens(int value) {
        return (S) set(maxTokens(), value);
    }

    /** {@return the column of the input} */
    default String getFeaturesCol() {
        return getOrDefault(featuresCol());
    }

    /** {@return the column of the masks of tokens} */
    default String getMaskCol() {
        return getOrDefault(maskCol());
    }

    /** {@return the column of the second texts of pairs} */
    default String getPairCol() {
        return getOrDefault(pairCol());
    }

    /** {@return the name of the prompt of texts} */
    default String getPromptName() {
        return getOrDefault(promptName());
    }

    /** {@return the prompt of texts} */
    default String getPrompt() {
        return getOrDefault(prompt());
    }

    /** {@return the length of an embedding} */
    default int getDimensions() {
        return (int) getOrDefault(dimensions());
    }

    /** {@return the column of the predictions} */
    default String getPredictionCol() {
        return getOrDefault(predictionCol());
    }

    /** {@return what an encoder ends with} */
    default String getEncoderHead() {
        return getOrDefault(encoderHead());
    }

    /** {@return the number of classes of a new classifier} */
    default int getNumLabels() {
        return (int) getOrDefault(numLabels());
    }

    /** {@return the most tokens of a text} */
    default int getMaxTokens() {
        return (int) getOrDefault(maxTokens());
    }
}
