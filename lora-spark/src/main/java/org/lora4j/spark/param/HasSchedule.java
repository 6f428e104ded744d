package org.lora4j.spark.param;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.Params;
import org.lora4j.spark.internal.param.Aggregation;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The parameters of an estimator that say how many steps there are, and who computes them.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasSchedule<S> extends Params {
    /** {@return the parameter of the number of rows of a batch over all workers} */
    default IntParam batchSize() {
        return new IntParam(
                this,
                "batchSize",
                "rows of a batch, over all workers (>= 1); if it is not set, 16 to 1024 by the number of rows",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the number of rows of a batch over all workers.
     *
     * @param value at least 1; 16 for a language model by default, and for others 16 to 1024, so that an epoch has about 64 steps or
     *     more
     * @return this
     */
    default S setBatchSize(int value) {
        return (S) set(batchSize(), value);
    }

    /** {@return the number of rows of a batch over all workers} */
    default int getBatchSize() {
        return (int) getOrDefault(batchSize());
    }

    /** {@return the parameter of the number of epochs} */
    default IntParam epochs() {
        return new IntParam(this, "epochs", "number of epochs (>= 1)", ParamValidators.gtEq(1));
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

    /** {@return the number of epochs} */
    default int getEpochs() {
        return (int) getOrDefault(epochs());
    }

    /** {@return the parameter of the greatest number of steps} */
    default LongParam maxIter() {
        return new LongParam(this, "maxIter", "greatest number of steps (>= 1)", ParamValidators.gtEq(1));
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

    /** {@return the greatest number of steps} */
    default long getMaxIter() {
        return (long) getOrDefault(maxIter());
    }

    /** {@return the parameter of the number of tasks that share a batch} */
    default IntParam numWorkers() {
        return new IntParam(
                this,
                "numWorkers",
                "number of tasks that share a batch (>= 1); Spark's default parallelism if it is not set",
                ParamValidators.gtEq(1));
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

    /** {@return the number of tasks that share a batch} */
    default int getNumWorkers() {
        return (int) getOrDefault(numWorkers());
    }

    /** {@return the parameter of how many steps each worker takes alone before the factors are averaged} */
    default IntParam localSteps() {
        return new IntParam(
                this,
                "localSteps",
                "steps that each worker takes alone before the factors are averaged; 0 for exact gradients",
                ParamValidators.gtEq(0));
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

    /** {@return how many steps each worker takes alone before the factors are averaged} */
    default int getLocalSteps() {
        return (int) getOrDefault(localSteps());
    }

    /** {@return the parameter of the adapter after the last round of local steps} */
    default Param<String> aggregation() {
        return TextParam.oneOf(
                this,
                "aggregation",
                "adapter after the last round of local steps: the average of the factors, or the average of"
                        + " the updates, exact (cat) or of the same rank (svd)",
                Aggregation.class);
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

    /** {@return the adapter after the last round of local steps} */
    default String getAggregation() {
        return getOrDefault(aggregation());
    }

    /** {@return the parameter of the folder of checkpoints} */
    default Param<String> checkpointPath() {
        return TextParam.any(
                this,
                "checkpointPath",
                "folder of checkpoints, on any file system of Hadoop; a training continues from the last one"
                        + " in it");
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

    /** {@return the folder of checkpoints} */
    default String getCheckpointPath() {
        return getOrDefault(checkpointPath());
    }

    /** {@return the parameter of the number of rounds between two checkpoints} */
    default IntParam checkpointInterval() {
        return new IntParam(
                this, "checkpointInterval", "number of rounds between two checkpoints (>= 1)", ParamValidators.gtEq(1));
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

    /** {@return the number of rounds between two checkpoints} */
    default int getCheckpointInterval() {
        return (int) getOrDefault(checkpointInterval());
    }

    /** {@return the parameter of the size of gradients above which groups of workers add theirs first} */
    default LongParam treeReduceBytes() {
        return new LongParam(
                this,
                "treeReduceBytes",
                "gradients of more bytes are added by groups of workers first, so that the driver gets fewer"
                        + " of them",
                ParamValidators.gtEq(0));
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

    /** {@return the size of gradients above which groups of workers add theirs first} */
    default long getTreeReduceBytes() {
        return (long) getOrDefault(treeReduceBytes());
    }
}
