package org.lora4j.spark.param;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.Params;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The parameters of an estimator that say what a step does.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasOptimizer<S> extends Params {
    /** {@return the parameter of the updater} */
    default Param<String> optimizer() {
        return TextParam.oneOf(this, "optimizer", "updater of the parameters", OptimizerName.class);
    }

    /**
     * Sets the updater.
     *
     * @param value sgd, momentum, rmsprop, adam or adamw
     * @return this
     */
    default S setOptimizer(String value) {
        return (S) set(optimizer(), value);
    }

    /** {@return the updater} */
    default String getOptimizer() {
        return getOrDefault(optimizer());
    }

    /** {@return the parameter of the learning rate} */
    default DoubleParam learningRate() {
        return new DoubleParam(this, "learningRate", "learning rate (> 0)", ParamValidators.gt(0));
    }

    /**
     * Sets the learning rate.
     *
     * @param value a positive number
     * @return this
     */
    default S setLearningRate(double value) {
        return (S) set(learningRate(), value);
    }

    /** {@return the learning rate} */
    default double getLearningRate() {
        return (double) getOrDefault(learningRate());
    }

    /** {@return the parameter of the weight decay of adamw} */
    default DoubleParam weightDecay() {
        return new DoubleParam(this, "weightDecay", "weight decay of adamw (>= 0)", ParamValidators.gtEq(0));
    }

    /**
     * Sets the weight decay of adamw.
     *
     * @param value a number that is not negative
     * @return this
     */
    default S setWeightDecay(double value) {
        return (S) set(weightDecay(), value);
    }

    /** {@return the weight decay of adamw} */
    default double getWeightDecay() {
        return (double) getOrDefault(weightDecay());
    }

    /** {@return the parameter of the greatest norm of all gradients together} */
    default DoubleParam clipNorm() {
        return new DoubleParam(
                this, "clipNorm", "greatest norm of all gradients together (> 0)", ParamValidators.gt(0));
    }

    /**
     * Sets the greatest norm of all gradients together.
     *
     * @param value a positive number
     * @return this
     */
    default S setClipNorm(double value) {
        return (S) set(clipNorm(), value);
    }

    /** {@return the greatest norm of all gradients together} */
    default double getClipNorm() {
        return (double) getOrDefault(clipNorm());
    }
}
