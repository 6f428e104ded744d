package org.lora4j.spark;

import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The base and its input, and what all stages of this module share.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasBase<S> extends Params {
    /**
     * Returns what holds the parameters.
     *
     * @return the parameters of the base
     */
    BaseParams baseParams();

    /**
     * Returns the parameter of the base network.
     *
     * @return the parameter
     */
    default Param<String> basePath() {
        return baseParams().path;
    }

    /**
     * Sets the base network.
     *
     * @param value a file that Network.save wrote, or a folder with config.json and model.safetensors of an encoder, on any
     *     file system of Hadoop
     * @return this
     */
    default S setBasePath(String value) {
        return (S) set(basePath(), value);
    }

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
     * Returns the parameter of what to do if an adapter was trained with another base.
     *
     * @return the parameter
     */
    default Param<String> fingerprintCheck() {
        return baseParams().check;
    }

    /**
     * Sets what to do if an adapter was trained with another base. An adapter has a hash of each weight that it adapts. The
     * transformer compares them with the base that it reads. The estimator gives this setting to the transformer that it
     * returns, so that it is noticed if the base is replaced after the training.
     *
     * @param value ignore; warn, which is the default, for a line of the log; or require, which refuses adapters whose hashes
     *     are missing or differ
     * @return this
     */
    default S setFingerprintCheck(String value) {
        return (S) set(fingerprintCheck(), value);
    }

    /**
     * Returns the parameter of what to do with rows that cannot be computed.
     *
     * @return the parameter
     */
    default Param<String> handleInvalid() {
        return baseParams().invalid;
    }

    /**
     * Sets what to do with rows that cannot be computed.
     *
     * @param value error, which is the default, to end the job with the id of the row; skip, to leave the row out; or keep, for null as its
     *     output. A training leaves the row out in both cases
     * @return this
     */
    default S setHandleInvalid(String value) {
        return (S) set(handleInvalid(), value);
    }

    /**
     * Returns the parameter of the column of the ids of rows.
     *
     * @return the parameter
     */
    default Param<String> idCol() {
        return baseParams().id;
    }

    /**
     * Sets the column of the ids of rows.
     *
     * @param value a column of distinct ids. It orders the rows of a training, and messages about a row name its id
     * @return this
     */
    default S setIdCol(String value) {
        return (S) set(idCol(), value);
    }

    /**
     * Returns the parameter of whether a saved model has a copy of the base.
     *
     * @return the parameter
     */
    default BooleanParam saveBase() {
        return baseParams().saveBase;
    }

    /**
     * Sets whether a saved model has a copy of the base.
     *
     * @param value true for a copy beside the adapter, so that the folder needs nothing else; false, which is the default, for the
     *     path of the base. An estimator stores the path, and gives this setting to its model
     * @return this
     */
    default S setSaveBase(boolean value) {
        return (S) set(saveBase(), value);
    }

    /**
     * Returns the path of the base.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String getBasePath() {
        return getOrDefault(basePath());
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

    /**
     * Returns what to do if an adapter was trained with another base.
     *
     * @return the value
     */
    default String getFingerprintCheck() {
        return getOrDefault(fingerprintCheck());
    }

    /**
     * Returns what to do with rows that cannot be computed.
     *
     * @return the value
     */
    default String getHandleInvalid() {
        return getOrDefault(handleInvalid());
    }

    /**
     * Returns the column of the ids of rows.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String getIdCol() {
        return getOrDefault(idCol());
    }

    /**
     * Returns whether a saved model has a copy of the base.
     *
     * @return the value
     */
    default boolean getSaveBase() {
        return (boolean) getOrDefault(saveBase());
    }
}
