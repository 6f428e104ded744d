package org.lora4j.spark.param;

import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The base, and what all stages of this module share.
 *
 * <p>Here and in the interfaces that extend this one, each call returns another parameter. Spark compares them by stage and name.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasBase<S> extends Params {
    /** {@return the parameter of the base network} */
    default Param<String> basePath() {
        return TextParam.any(
                this,
                "basePath",
                "base network, on any file system of Hadoop: a file of Network.save, or a folder with"
                        + " config.json and model.safetensors of an encoder or of a decoder");
    }

    /**
     * Sets the base network.
     *
     * @param value a file that Network.save wrote, or a folder with config.json and model.safetensors of an encoder or of a
     *     decoder, as the stage needs it, on any file system of Hadoop
     * @return this
     */
    default S setBasePath(String value) {
        return (S) set(basePath(), value);
    }

    /** {@return the parameter of what to do if an adapter was trained with another base} */
    default Param<String> fingerprintCheck() {
        return TextParam.oneOf(
                this,
                "fingerprintCheck",
                "what to do if an adapter was trained with another base",
                FingerprintCheck.class);
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

    /** {@return the parameter of what to do with rows that cannot be computed} */
    default Param<String> handleInvalid() {
        return TextParam.oneOf(
                this, "handleInvalid", "what to do with rows that cannot be computed", InvalidRows.class);
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

    /** {@return the parameter of the column of the ids of rows} */
    default Param<String> idCol() {
        return TextParam.any(
                this,
                "idCol",
                "column of distinct ids, which orders the rows of a training and names rows in messages;"
                        + " without it the order of a training is random, and depends on the content of the rows and"
                        + " the seed");
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

    /** {@return the parameter of whether a saved model has a copy of the base} */
    default BooleanParam saveBase() {
        return new BooleanParam(
                this, "saveBase", "whether a saved model has a copy of the base, or else only the path of the base");
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

    /** {@return the path of the base} */
    default String getBasePath() {
        return getOrDefault(basePath());
    }

    /** {@return what to do if an adapter was trained with another base} */
    default String getFingerprintCheck() {
        return getOrDefault(fingerprintCheck());
    }

    /** {@return what to do with rows that cannot be computed} */
    default String getHandleInvalid() {
        return getOrDefault(handleInvalid());
    }

    /** {@return the column of the ids of rows} */
    default String getIdCol() {
        return getOrDefault(idCol());
    }

    /** {@return whether a saved model has a copy of the base} */
    default boolean getSaveBase() {
        return (boolean) getOrDefault(saveBase());
    }
}
