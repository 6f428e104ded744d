package org.lora4j.spark.param;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.param.StringArrayParam;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.spark.internal.param.LoRAConfigParam;

/**
 * The parameters of an estimator that say which adapter it trains.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasAdapter<S> extends Params {
    /** {@return the parameter of the configuration of the adapter} */
    default Param<LoRAConfig> loraConfig() {
        return new LoRAConfigParam(
                this,
                "loraConfig",
                "configuration of the adapter; rank, alpha, dropout, targetModules and seed replace its"
                        + " values if they are set");
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

    /** {@return the configuration of the adapter} */
    default LoRAConfig getLoraConfig() {
        return getOrDefault(loraConfig());
    }

    /** {@return the parameter of the rank of the adapter} */
    default IntParam rank() {
        return new IntParam(this, "rank", "rank r of the update B·A (>= 1)", ParamValidators.gtEq(1));
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

    /** {@return the rank of the adapter} */
    default int getRank() {
        return (int) getOrDefault(rank());
    }

    /** {@return the parameter of the numerator of the scale α/r} */
    default DoubleParam alpha() {
        return new DoubleParam(this, "alpha", "numerator of the scale alpha/r (> 0)", ParamValidators.gt(0));
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

    /** {@return the numerator of the scale α/r} */
    default double getAlpha() {
        return (double) getOrDefault(alpha());
    }

    /** {@return the parameter of the probability with which an input of A is set to zero in training} */
    default DoubleParam dropout() {
        return new DoubleParam(
                this,
                "dropout",
                "probability with which an input of A is set to zero (>= 0, < 1)",
                ParamValidators.inRange(0, 1, true, false));
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

    /** {@return the probability with which an input of A is set to zero in training} */
    default double getDropout() {
        return (double) getOrDefault(dropout());
    }

    /** {@return the parameter of the adapted layers} */
    default StringArrayParam targetModules() {
        return new StringArrayParam(this, "targetModules", "paths of the adapted layers, or their last parts");
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

    /** {@return the adapted layers} */
    default String[] getTargetModules() {
        return getOrDefault(targetModules());
    }

    /** {@return the parameter of the seed} */
    default LongParam seed() {
        return new LongParam(this, "seed", "seed of the initialization, of dropout, and of the order without ids");
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

    /** {@return the seed} */
    default long getSeed() {
        return (long) getOrDefault(seed());
    }
}
