package org.lora4j.spark.param;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.param.Param;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The parameters of the estimators that learn labels: the columns to train with, and a new classifier on an encoder.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasLabel<S> extends HasTraining<S>, HasInput<S> {
    /** {@return the parameter of the column of the labels} */
    Param<String> labelCol();

    /**
     * Sets the column of the labels.
     *
     * @param value a column of numbers, vectors or arrays
     * @return this
     */
    default S setLabelCol(String value) {
        return (S) set(labelCol(), value);
    }

    /** {@return the column of the labels} */
    default String getLabelCol() {
        return getOrDefault(labelCol());
    }

    /** {@return the parameter of the column of the weights of rows} */
    default Param<String> weightCol() {
        return TextParam.any(
                this,
                "weightCol",
                "column of the weights of rows in the loss (>= 0); without it, all rows have the weight 1");
    }

    /**
     * Sets the column of the weights of rows. The loss of a batch is then {@code Σ wᵢ·lᵢ / Σ wᵢ}. A row with the weight 0 is left
     * out.
     *
     * @param value a column of numbers that are finite and at least 0. It cannot be used with local steps
     * @return this
     */
    default S setWeightCol(String value) {
        return (S) set(weightCol(), value);
    }

    /** {@return the column of the weights of rows} */
    default String getWeightCol() {
        return getOrDefault(weightCol());
    }

    /**
     * Returns the configuration of the adapter: {@link #loraConfig} with the values of rank, alpha, dropout, targetModules and
     * seed that are set, and with the new classifier of an encoder among its modulesToSave if {@link #numLabels} is set.
     *
     * @return the configuration
     * @throws IllegalArgumentException if the values do not fit together
     */
    @Override
    default LoRAConfig adapterConfig() {
        LoRAConfig config = HasTraining.super.adapterConfig();
        List<String> saved = config.modulesToSave();
        boolean isNew =
                isDefined(numLabels()) && EncoderHead.of(getEncoderHead()).hasClassifier();
        return !isNew || saved.contains(EncoderHead.CLASSIFIER_MODULE)
                ? config
                : config.toBuilder()
                        .modulesToSave(Stream.concat(saved.stream(), Stream.of(EncoderHead.CLASSIFIER_MODULE))
                                .toList())
                        .build();
    }
}
