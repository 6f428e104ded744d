package org.lora4j.spark;

import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The base, and what all stages of this module share.
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
     * @param value a file that Network.save wrote, or a folder with config.json and model.safetensors of an encoder or of a
     *     decoder, as the stage needs it, on any file system of Hadoop
     * @return this
     */
    default S setBasePath(String value) {
        return (S) set(basePath(), value);
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
