package org.lora4j.spark.param;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.ParamValidators;

/**
 * The size of the blocks of rows that a trained model computes.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasBlockSize<S> extends HasInput<S> {
    /** {@return the parameter of the number of rows that are computed together} */
    default IntParam blockSize() {
        return new IntParam(
                this, "blockSize", "number of rows that are computed together (>= 1)", ParamValidators.gtEq(1));
    }

    /**
     * Sets the number of rows that are computed together.
     *
     * @param value at least 1
     * @return this
     */
    default S setBlockSize(int value) {
        return (S) set(blockSize(), value);
    }

    /** {@return the number of rows that are computed together} */
    default int getBlockSize() {
        return (int) getOrDefault(blockSize());
    }
}
