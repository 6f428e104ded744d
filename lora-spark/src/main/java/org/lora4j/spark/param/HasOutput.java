package org.lora4j.spark.param;

import org.apache.spark.ml.param.Param;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The columns of a stage that is not one of Spark's predictors, which have those of the input and of the prediction already.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasOutput<S> extends HasInput<S> {
    @Override
    default Param<String> featuresCol() {
        return TextParam.any(
                this,
                "featuresCol",
                "column of the input: a vector, an array<float> or an array<double>; for an encoder an"
                        + " array<int> of tokens, or texts");
    }

    @Override
    default Param<String> predictionCol() {
        return TextParam.any(
                this,
                "predictionCol",
                "column of the predictions: the class with the greatest output, or the output if"
                        + " there is one; not for embeddings; none if the name is empty");
    }

    /** {@return the parameter of the column of the outputs} */
    default Param<String> outputCol() {
        return TextParam.any(this, "outputCol", "column of the outputs, which the transformer adds");
    }

    /**
     * Sets the column of the outputs.
     *
     * @param value a new column
     * @return this
     */
    default S setOutputCol(String value) {
        return (S) set(outputCol(), value);
    }

    /** {@return the column of the outputs} */
    default String getOutputCol() {
        return getOrDefault(outputCol());
    }
}
