package org.lora4j.spark;

import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.lora4j.adapter.LoRAConfig;

/**
 * The parameters of an estimator that say which adapter it trains.
 *
 * @serial exclude
 */
abstract class AdapterParams extends Estimator<LoRATransformer> {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<LoRAConfig> loraConfig;
    private final IntParam rank;
    private final DoubleParam alpha;
    private final DoubleParam dropout;
    private final StringArrayParam targetModules;
    private final LongParam seed;

    AdapterParams(String uid) {
        this.uid = uid;
        loraConfig = new LoRAConfigParam(
                uid,
                "loraConfig",
                "configuration of the adapter; rank, alpha, dropout,"
                        + " targetModules and seed replace its values if they are set");
        rank = new IntParam(uid, "rank", "rank r of the update B·A (>= 1)", ParamValidators.gtEq(1));
        alpha = new DoubleParam(uid, "alpha", "numerator of the scale alpha/r (> 0)", ParamValidators.gt(0));
        dropout = new DoubleParam(
                uid,
                "dropout",
                "probability with which an input of A is set to zero (>= 0, < 1)",
                ParamValidators.inRange(0, 1, true, false));
        targetModules = new StringArrayParam(this, "targetModules", "paths of the adapted layers, or their last parts");
        seed = new LongParam(uid, "seed", "seed of the initialization, of dropout, and of the order without ids");
        setDefault(loraConfig, LoRAConfig.builder().build());
    }

    @Override
    public String uid() {
        return uid;
    }

    /**
     * Returns the parameter of the configuration of the adapter.
     *
     * @return the parameter
     */
    public Param<LoRAConfig> loraConfig() {
        return loraConfig;
    }

    /**
     * Sets the configuration of the adapter.
     *
     * @param value every field of it; those with parameters of their own replace it
     * @return this
     */
    public LoRAEstimator setLoraConfig(LoRAConfig value) {
        return (LoRAEstimator) set(loraConfig, value);
    }

    /**
     * Returns the parameter of the rank of the adapter.
     *
     * @return the parameter
     */
    public IntParam rank() {
        return rank;
    }

    /**
     * Sets the rank of the adapter.
     *
     * @param value r, at least 1
     * @return this
     */
    public LoRAEstimator setRank(int value) {
        return (LoRAEstimator) set(rank, value);
    }

    /**
     * Returns the parameter of the numerator of the scale α/r.
     *
     * @return the parameter
     */
    public DoubleParam alpha() {
        return alpha;
    }

    /**
     * Sets the numerator of the scale α/r.
     *
     * @param value α, positive
     * @return this
     */
    public LoRAEstimator setAlpha(double value) {
        return (LoRAEstimator) set(alpha, value);
    }

    /**
     * Returns the parameter of the probability with which an input of A is set to zero in training.
     *
     * @return the parameter
     */
    public DoubleParam dropout() {
        return dropout;
    }

    /**
     * Sets the probability with which an input of A is set to zero in training.
     *
     * @param value a probability in [0, 1)
     * @return this
     */
    public LoRAEstimator setDropout(double value) {
        return (LoRAEstimator) set(dropout, value);
    }

    /**
     * Returns the parameter of the adapted layers.
     *
     * @return the parameter
     */
    public StringArrayParam targetModules() {
        return targetModules;
    }

    /**
     * Sets the adapted layers.
     *
     * @param value paths, or their last parts
     * @return this
     */
    public LoRAEstimator setTargetModules(String... value) {
        return (LoRAEstimator) set(targetModules, value);
    }

    /**
     * Returns the parameter of the seed.
     *
     * @return the parameter
     */
    public LongParam seed() {
        return seed;
    }

    /**
     * Sets the seed.
     *
     * @param value the seed of initialization, dropout, and the order of rows without ids
     * @return this
     */
    public LoRAEstimator setSeed(long value) {
        return (LoRAEstimator) set(seed, value);
    }
}
