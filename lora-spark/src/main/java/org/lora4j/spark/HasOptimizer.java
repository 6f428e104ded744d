package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The parameters of an estimator that say what a step does.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasOptimizer<S> extends Params {
    /**
     * Returns what holds the parameters.
     *
     * @return the parameters of a training
     */
    TrainingParams trainingParams();

    /**
     * Returns the parameter of the updater.
     *
     * @return the parameter
     */
    default Param<String> optimizer() {
        return trainingParams().optimizer;
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

    /**
     * Returns the updater.
     *
     * @return the value
     */
    default String getOptimizer() {
        return getOrDefault(optimizer());
    }

    /**
     * Returns the parameter of the learning rate.
     *
     * @return the parameter
     */
    default DoubleParam learningRate() {
        return trainingParams().learningRate;
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

    /**
     * Returns the learning rate.
     *
     * @return the value
     */
    default double getLearningRate() {
        return (double) getOrDefault(learningRate());
    }

    /**
     * Returns the parameter of the weight decay of adamw.
     *
     * @return the parameter
     */
    default DoubleParam weightDecay() {
        return trainingParams().weightDecay;
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

    /**
     * Returns the weight decay of adamw.
     *
     * @return the value
     */
    default double getWeightDecay() {
        return (double) getOrDefault(weightDecay());
    }

    /**
     * Returns the parameter of the greatest norm of all gradients together.
     *
     * @return the parameter
     */
    default DoubleParam clipNorm() {
        return trainingParams().clipNorm;
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

    /**
     * Returns the greatest norm of all gradients together.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default double getClipNorm() {
        return (double) getOrDefault(clipNorm());
    }
}
