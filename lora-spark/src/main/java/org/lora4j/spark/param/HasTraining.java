package org.lora4j.spark.param;

import org.apache.spark.ml.param.Param;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.TargetModules;
import org.lora4j.spark.internal.param.TextParam;

/**
 * The parameters of all estimators of this module: the base, the adapter, the steps, and the rows for validation.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasTraining<S> extends HasBase<S>, HasAdapter<S>, HasOptimizer<S>, HasSchedule<S> {
    /** {@return the parameter of the column that says which rows are for validation} */
    default Param<String> validationIndicatorCol() {
        return TextParam.any(
                this,
                "validationIndicatorCol",
                "column of booleans; rows with true are not trained on, and the parameters with the lowest"
                        + " loss of them are kept");
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

    /** {@return the column that says which rows are for validation} */
    default String getValidationIndicatorCol() {
        return getOrDefault(validationIndicatorCol());
    }

    /**
     * Returns the configuration of the adapter: {@link #loraConfig} with the values of rank, alpha, dropout, targetModules and
     * seed that are set.
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
        return builder.build();
    }
}
