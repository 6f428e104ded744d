package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * The parameters of an estimator that say what a step does.
 *
 * @serial exclude
 */
abstract class OptimizerParams extends AdapterParams {
    private static final long serialVersionUID = 1L;

    private final Param<String> loss;
    private final Param<String> optimizer;
    private final DoubleParam learningRate;
    private final DoubleParam weightDecay;
    private final DoubleParam clipNorm;

    OptimizerParams(String uid) {
        super(uid);
        TextParams texts = new TextParams(uid);
        loss = texts.oneOf("loss", "loss", LossName.texts());
        optimizer = texts.oneOf("optimizer", "updater of the parameters", OptimizerName.texts());
        learningRate = new DoubleParam(uid, "learningRate", "learning rate (> 0)", ParamValidators.gt(0));
        weightDecay = new DoubleParam(uid, "weightDecay", "weight decay of adamw (>= 0)", ParamValidators.gtEq(0));
        clipNorm = new DoubleParam(
                uid, "clipNorm", "greatest norm of all gradients together (> 0)", ParamValidators.gt(0));
        setDefault(loss, LossName.SOFTMAX_CROSS_ENTROPY.text());
        setDefault(optimizer, OptimizerName.ADAM.text());
        setDefault(learningRate, 1e-3);
        setDefault(weightDecay, 0.01);
    }

    /**
     * Returns the parameter of the loss.
     *
     * @return the parameter
     */
    public Param<String> loss() {
        return loss;
    }

    /**
     * Sets the loss.
     *
     * @param value softmaxCrossEntropy, meanSquaredError or multiLabel
     * @return this
     */
    public LoRAEstimator setLoss(String value) {
        return (LoRAEstimator) set(loss, value);
    }

    /**
     * Returns the parameter of the updater.
     *
     * @return the parameter
     */
    public Param<String> optimizer() {
        return optimizer;
    }

    /**
     * Sets the updater.
     *
     * @param value sgd, momentum, rmsprop, adam or adamw
     * @return this
     */
    public LoRAEstimator setOptimizer(String value) {
        return (LoRAEstimator) set(optimizer, value);
    }

    /**
     * Returns the parameter of the learning rate.
     *
     * @return the parameter
     */
    public DoubleParam learningRate() {
        return learningRate;
    }

    /**
     * Sets the learning rate.
     *
     * @param value a positive number
     * @return this
     */
    public LoRAEstimator setLearningRate(double value) {
        return (LoRAEstimator) set(learningRate, value);
    }

    /**
     * Returns the parameter of the weight decay of adamw.
     *
     * @return the parameter
     */
    public DoubleParam weightDecay() {
        return weightDecay;
    }

    /**
     * Sets the weight decay of adamw.
     *
     * @param value a number that is not negative
     * @return this
     */
    public LoRAEstimator setWeightDecay(double value) {
        return (LoRAEstimator) set(weightDecay, value);
    }

    /**
     * Returns the parameter of the greatest norm of all gradients together.
     *
     * @return the parameter
     */
    public DoubleParam clipNorm() {
        return clipNorm;
    }

    /**
     * Sets the greatest norm of all gradients together.
     *
     * @param value a positive number
     * @return this
     */
    public LoRAEstimator setClipNorm(double value) {
        return (LoRAEstimator) set(clipNorm, value);
    }
}
