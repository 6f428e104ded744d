package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;

/**
 * The parameters of an estimator that say how many steps there are, and who computes them.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasSchedule<S> extends Params {
    /**
     * Returns what holds the parameters.
     *
     * @return the parameters of a training
     */
    TrainingParams trainingParams();

    /**
     * Returns the parameter of the number of rows of a batch over all workers.
     *
     * @return the parameter
     */
    default IntParam batchSize() {
        return trainingParams().batchSize;
    }

    /**
     * Sets the number of rows of a batch over all workers.
     *
     * @param value at least 1; 4 for a language model by default, and for others 16 to 1024, so that an epoch has about 64 steps or
     *     more
     * @return this
     */
    default S setBatchSize(int value) {
        return (S) set(batchSize(), value);
    }

    /**
     * Returns the number of rows of a batch over all workers.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set and depends on the number of rows
     */
    default int getBatchSize() {
        return (int) getOrDefault(batchSize());
    }

    /**
     * Returns the parameter of the number of epochs.
     *
     * @return the parameter
     */
    default IntParam epochs() {
        return trainingParams().epochs;
    }

    /**
     * Sets the number of epochs.
     *
     * @param value at least 1. By default, there is no limit if the number of steps is set; else a language model has 1 epoch,
     *     and other models have 1 to 30, until the training has 300 steps
     * @return this
     */
    default S setEpochs(int value) {
        return (S) set(epochs(), value);
    }

    /**
     * Returns the number of epochs.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getEpochs() {
        return (int) getOrDefault(epochs());
    }

    /**
     * Returns the parameter of the greatest number of steps.
     *
     * @return the parameter
     */
    default LongParam maxIter() {
        return trainingParams().maxIter;
    }

    /**
     * Sets the greatest number of steps.
     *
     * @param value at least 1; no limit by default
     * @return this
     */
    default S setMaxIter(long value) {
        return (S) set(maxIter(), value);
    }

    /**
     * Returns the greatest number of steps.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default long getMaxIter() {
        return (long) getOrDefault(maxIter());
    }

    /**
     * Returns the parameter of the number of tasks that share a batch.
     *
     * @return the parameter
     */
    default IntParam numWorkers() {
        return trainingParams().numWorkers;
    }

    /**
     * Sets the number of tasks that share a batch.
     *
     * @param value at least 1; as a rule the number of cores of all executors
     * @return this
     */
    default S setNumWorkers(int value) {
        return (S) set(numWorkers(), value);
    }

    /**
     * Returns the number of tasks that share a batch.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default int getNumWorkers() {
        return (int) getOrDefault(numWorkers());
    }

    /**
     * Returns the parameter of how many steps each worker takes alone before the factors are averaged.
     *
     * @return the parameter
     */
    default IntParam localSteps() {
        return trainingParams().localSteps;
    }

    /**
     * Sets how many steps each worker takes alone before the factors are averaged.
     *
     * @param value 0 for exact gradients, which is the default. The average of factors is not that of the updates, so
     *     the result is another one than on one machine; {@link TrainingRound#gap} tells how far it is
     * @return this
     */
    default S setLocalSteps(int value) {
        return (S) set(localSteps(), value);
    }

    /**
     * Returns how many steps each worker takes alone before the factors are averaged.
     *
     * @return the value
     */
    default int getLocalSteps() {
        return (int) getOrDefault(localSteps());
    }

    /**
     * Returns the parameter of the adapter after the last round of local steps.
     *
     * @return the parameter
     */
    default Param<String> aggregation() {
        return trainingParams().aggregation;
    }

    /**
     * Sets the adapter after the last round of local steps.
     *
     * @param value average, cat or svd
     * @return this
     */
    default S setAggregation(String value) {
        return (S) set(aggregation(), value);
    }

    /**
     * Returns the adapter after the last round of local steps.
     *
     * @return the value
     */
    default String getAggregation() {
        return getOrDefault(aggregation());
    }

    /**
     * Returns the parameter of the folder of checkpoints.
     *
     * @return the parameter
     */
    default Param<String> checkpointPath() {
        return trainingParams().checkpointPath;
    }

    /**
     * Sets the folder of checkpoints.
     *
     * @param value on any file system of Hadoop
     * @return this
     */
    default S setCheckpointPath(String value) {
        return (S) set(checkpointPath(), value);
    }

    /**
     * Returns the folder of checkpoints.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String getCheckpointPath() {
        return getOrDefault(checkpointPath());
    }

    /**
     * Returns the parameter of the number of rounds between two checkpoints.
     *
     * @return the parameter
     */
    default IntParam checkpointInterval() {
        return trainingParams().checkpointInterval;
    }

    /**
     * Sets the number of rounds between two checkpoints.
     *
     * @param value at least 1
     * @return this
     */
    default S setCheckpointInterval(int value) {
        return (S) set(checkpointInterval(), value);
    }

    /**
     * Returns the number of rounds between two checkpoints.
     *
     * @return the value
     */
    default int getCheckpointInterval() {
        return (int) getOrDefault(checkpointInterval());
    }

    /**
     * Returns the parameter of the size of gradients above which groups of workers add theirs first.
     *
     * @return the parameter
     */
    default LongParam treeReduceBytes() {
        return trainingParams().treeReduceBytes;
    }

    /**
     * Sets the size of gradients above which groups of workers add theirs first.
     *
     * @param value a number of bytes
     * @return this
     */
    default S setTreeReduceBytes(long value) {
        return (S) set(treeReduceBytes(), value);
    }

    /**
     * Returns the size of gradients above which groups of workers add theirs first.
     *
     * @return the value
     */
    default long getTreeReduceBytes() {
        return (long) getOrDefault(treeReduceBytes());
    }
}
