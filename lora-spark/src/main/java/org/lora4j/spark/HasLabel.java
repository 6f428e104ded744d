package org.lora4j.spark;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.param.Param;
import org.lora4j.adapter.LoRAConfig;

/**
 * The parameters of the estimators that learn labels: the columns to train with, and a new classifier on an encoder.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasLabel<S> extends HasTraining<S>, HasInput<S> {
    /**
     * Returns the parameter of the column of the labels.
     *
     * @return the parameter
     */
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

    /**
     * Returns the column of the labels.
     *
     * @return the value
     */
    default String getLabelCol() {
        return getOrDefault(labelCol());
    }

    /**
     * Returns the parameter of the column of the weights of rows.
     *
     * @return the parameter
     */
    default Param<String> weightCol() {
        return trainingParams().weightCol;
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

    /**
     * Returns the column of the weights of rows.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
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
        boolean isNew = isDefined(numLabels()) && EncoderHead.of(getEncoderHead()) != EncoderHead.EMBEDDING;
        return !isNew || saved.contains(EncoderHead.CLASSIFIER_MODULE)
                ? config
                : config.toBuilder()
                        .modulesToSave(Stream.concat(saved.stream(), Stream.of(EncoderHead.CLASSIFIER_MODULE))
                                .toList())
                        .build();
    }
}
