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

    /** {@return the parameter of the column of the predictions} */
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

    /** {@return the parameter of what an encoder ends with} */
    default Param<String> encoderHead() {
        return TextParam.oneOf(this, "encoderHead", "what an encoder ends with", EncoderHead.class);
    }

    /**
     * Sets what an encoder ends with.
     *
     * @param value classifier, on the pooler's output; meanClassifier, on the mean over the tokens; or embedding, the modules of
     *     {@code modules.json}, or the mean over the tokens without that file, divided by its norm
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
     * @param value at least 1; if it is not set, the file of the encoder must have a classifier
     * @return this
     */
    default S setNumLabels(int value) {
        return (S) set(numLabels(), value);
    }

    /** {@return the parameter of the most tokens of a text} */
    default IntParam maxTokens() {
        return new IntParam(
                this,
                "maxTokens",
                "most tokens of a text (>= 1); longer ones are cut; without it, as many as the tokenizer's"
                        + " file and the encoder allow, at most 512",
                ParamValidators.gtEq(1));
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

    /** {@return the column of the input} */
    default String getFeaturesCol() {
        return getOrDefault(featuresCol());
    }

    /** {@return the column of the masks of tokens} */
    default String getMaskCol() {
        return getOrDefault(maskCol());
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
