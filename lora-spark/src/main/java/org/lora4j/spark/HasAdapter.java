package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.lora4j.adapter.LoRAConfig;

/**
 * The parameters of an estimator that say which adapter it trains.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasAdapter<S> extends Params {
    /**
     * Returns what holds the parameters.
     *
     * @return the parameters of a training
     */
    TrainingParams trainingParams();

    /**
     * Returns the parameter of the configuration of the adapter.
     *
     * @return the parameter
     */
    default Param<LoRAConfig> loraConfig() {
        return trainingParams().loraConfig;
    }

    /**
     * Sets the configuration of the adapter.
     *
     * @param value every field of it; those with parameters of their own replace it
     * @return this
     */
    default S setLoraConfig(LoRAConfig value) {
        return (S) set(loraConfig(), value);
    }

    /**
     * Returns the configuration of the adapter.
     *
     * @return the value
     */
    default LoRAConfig getLoraConfig() {
        return getOrDefault(loraConfig());
    }

    /**
     * Returns the parameter of the rank of the adapter.
     *
     * @return the parameter
     */
    default IntParam rank() {
        return trainingParams().rank;
    }

    /**
     * Sets the rank of the adapter.
     *
     * @param value r, at least 1
     * @return this
     */
    default S setRank(int value) {
        return (S) set(rank(), value);
    }

    /**
     * Returns the rank of the adapter.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getRank() {
        return (int) getOrDefault(rank());
    }

    /**
     * Returns the parameter of the numerator of the scale α/r.
     *
     * @return the parameter
     */
    default DoubleParam alpha() {
        return trainingParams().alpha;
    }

    /**
     * Sets the numerator of the scale α/r.
     *
     * @param value α, positive
     * @return this
     */
    default S setAlpha(double value) {
        return (S) set(alpha(), value);
    }

    /**
     * Returns the numerator of the scale α/r.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default double getAlpha() {
        return (double) getOrDefault(alpha());
    }

    /**
     * Returns the parameter of the probability with which an input of A is set to zero in training.
     *
     * @return the parameter
     */
    default DoubleParam dropout() {
        return trainingParams().dropout;
    }

    /**
     * Sets the probability with which an input of A is set to zero in training.
     *
     * @param value a probability in [0, 1)
     * @return this
     */
    default S setDropout(double value) {
        return (S) set(dropout(), value);
    }

    /**
     * Returns the probability with which an input of A is set to zero in training.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default double getDropout() {
        return (double) getOrDefault(dropout());
    }

    /**
     * Returns the parameter of the adapted layers.
     *
     * @return the parameter
     */
    default StringArrayParam targetModules() {
        return trainingParams().targetModules;
    }

    /**
     * Sets the adapted layers.
     *
     * @param value paths, or their last parts
     * @return this
     */
    default S setTargetModules(String... value) {
        return (S) set(targetModules(), value);
    }

    /**
     * Returns the adapted layers.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String[] getTargetModules() {
        return getOrDefault(targetModules());
    }

    /**
     * Returns the parameter of the seed.
     *
     * @return the parameter
     */
    default LongParam seed() {
        return trainingParams().seed;
    }

    /**
     * Sets the seed.
     *
     * @param value the seed of initialization, dropout, and the order of rows without ids
     * @return this
     */
    default S setSeed(long value) {
        return (S) set(seed(), value);
    }

    /**
     * Returns the seed.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default long getSeed() {
        return (long) getOrDefault(seed());
    }
}
