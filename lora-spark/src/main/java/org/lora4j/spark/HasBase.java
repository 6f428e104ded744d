package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The base, its input and its output, which the estimator and the transformer share. Each stage declares the methods that
 * return a parameter: Spark calls them by reflection, which cannot call those of an interface that is not public.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
interface HasBase<S> extends Params {
    /**
     * Returns the parameter of the base network.
     *
     * @return the parameter
     */
    Param<String> basePath();

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
    Param<String> maskCol();

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
     * Returns the parameter of the column of the outputs.
     *
     * @return the parameter
     */
    Param<String> outputCol();

    /**
     * Sets the column of the outputs, which the transformer adds: as many numbers as the network has outputs.
     *
     * @param value a new column
     * @return this
     */
    default S setOutputCol(String value) {
        return (S) set(outputCol(), value);
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
    Param<String> encoderHead();

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
    IntParam numLabels();

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
    IntParam maxTokens();

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
    Param<String> fingerprintCheck();

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
}
