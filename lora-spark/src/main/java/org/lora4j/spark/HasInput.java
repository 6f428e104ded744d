package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;

/**
 * The input of a network of features or of an encoder, and its prediction.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasInput<S> extends HasBase<S> {
    @Override
    InputParams baseParams();

    /**
     * Returns the parameter of the column of the input.
     *
     * @return the parameter
     */
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

    /**
     * Returns the parameter of the column of the masks of tokens.
     *
     * @return the parameter
     */
    default Param<String> maskCol() {
        return baseParams().mask;
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

    /**
     * Returns the parameter of the column of the predictions.
     *
     * @return the parameter
     */
    Param<String> predictionCol();

    /**
     * Sets the column of the predictions, which the transformer adds: a double, which the evaluators of Spark ML take. It is the
     * number of the class with the greatest output, or the output itself if the network has one. An encoder whose head is
     * {@code embedding} has none.
     *
     * @param value a new column
     * @return this
     */
    default S setPredictionCol(String value) {
        return (S) set(predictionCol(), value);
    }

    /**
     * Returns the parameter of what an encoder ends with.
     *
     * @return the parameter
     */
    default Param<String> encoderHead() {
        return baseParams().head;
    }

    /**
     * Sets what an encoder ends with.
     *
     * @param value classifier, on the pooler's output; meanClassifier, on the mean over the tokens; or embedding, the pooling of
     *     {@code 1_Pooling/config.json}, or the mean over the tokens without that file, divided by its norm
     * @return this
     */
    default S setEncoderHead(String value) {
        return (S) set(encoderHead(), value);
    }

    /**
     * Returns the parameter of the number of classes of a new classifier on an encoder.
     *
     * @return the parameter
     */
    default IntParam numLabels() {
        return baseParams().labels;
    }

    /**
     * Sets the number of classes of a new classifier on an encoder. Each stage starts it with the same weights. Adapters bring
     * trained ones.
     *
     * @param value at least 1; if it is not set, the file of the encoder must have a classifier
     * @return this
     */
    default S setNumLabels(int value) {
        return (S) set(numLabels(), value);
    }

    /**
     * Returns the parameter of the most tokens of a text.
     *
     * @return the parameter
     */
    default IntParam maxTokens() {
        return baseParams().tokens;
    }

    /**
     * Sets the most tokens of a text, with the special ones. Longer texts are cut.
     *
     * @param value at least 1, and at most the positions of the encoder
     * @return this
     */
    default S setMaxTokens(int value) {
        return (S) set(maxTokens(), value);
    }

    /**
     * Returns the column of the input.
     *
     * @return the value
     */
    default String getFeaturesCol() {
        return getOrDefault(featuresCol());
    }

    /**
     * Returns the column of the masks of tokens.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String getMaskCol() {
        return getOrDefault(maskCol());
    }

    /**
     * Returns the column of the predictions.
     *
     * @return the value
     */
    default String getPredictionCol() {
        return getOrDefault(predictionCol());
    }

    /**
     * Returns what an encoder ends with.
     *
     * @return the value
     */
    default String getEncoderHead() {
        return getOrDefault(encoderHead());
    }

    /**
     * Returns the number of classes of a new classifier.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getNumLabels() {
        return (int) getOrDefault(numLabels());
    }

    /**
     * Returns the most tokens of a text.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getMaxTokens() {
        return (int) getOrDefault(maxTokens());
    }
}
