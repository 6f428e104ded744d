package org.lora4j.spark;

import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.param.Param;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.TargetModules;

/**
 * The parameters of all estimators of this module: the base, the adapter, the steps, and the columns to train with.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasTraining<S> extends HasBase<S>, HasAdapter<S>, HasOptimizer<S>, HasSchedule<S> {
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
     * Returns the parameter of the column that says which rows are for validation.
     *
     * @return the parameter
     */
    default Param<String> validationIndicatorCol() {
        return trainingParams().validationIndicatorCol;
    }

    /**
     * Sets the column that says which rows are for validation. They are not trained on. Their mean loss is computed after each
     * epoch, without dropout, and the parameters of the epoch with the lowest one are kept.
     *
     * @param value a column of booleans; true for validation. It cannot be used with local steps
     * @return this
     */
    default S setValidationIndicatorCol(String value) {
        return (S) set(validationIndicatorCol(), value);
    }

    /**
     * Returns the column that says which rows are for validation.
     *
     * @return the value
     * @throws java.util.NoSuchElementException if it is not set
     */
    default String getValidationIndicatorCol() {
        return getOrDefault(validationIndicatorCol());
    }

    /**
     * Returns the configuration of the adapter: {@link #loraConfig} with the values of rank, alpha, dropout, targetModules and
     * seed that are set, and with the new classifier of an encoder among its modulesToSave if {@link #numLabels} is set.
     *
     * @return the configuration
     * @throws IllegalArgumentException if the values do not fit together
     */
    default LoRAConfig adapterConfig() {
        LoRAConfigBuilder builder = getLoraConfig().toBuilder();
        if (isSet(rank())) {
            builder.rank(getRank());
        }
        if (isSet(alpha())) {
            builder.alpha(getAlpha());
        }
        if (isSet(dropout())) {
            builder.dropout(getDropout());
        }
        if (isSet(targetModules())) {
            builder.targetModules(TargetModules.of(getTargetModules()));
        }
        if (isSet(seed())) {
            builder.seed(getSeed());
        }
        List<String> saved = getLoraConfig().modulesToSave();
        boolean isNew = isDefined(numLabels()) && EncoderHead.of(getEncoderHead()) != EncoderHead.EMBEDDING;
        if (isNew && !saved.contains(EncoderHead.CLASSIFIER_MODULE)) {
            builder.modulesToSave(Stream.concat(saved.stream(), Stream.of(EncoderHead.CLASSIFIER_MODULE))
                    .toList());
        }
        return builder.build();
    }
}
