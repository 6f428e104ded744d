package org.lora4j.spark;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a table to train with.
 *
 * @param featuresCol the input
 * @param maskCol the mask of tokens; null for none
 * @param labelCol numbers of classes, or vectors or arrays {@code [out]}
 * @param weightCol the weights of rows; null if all have the same
 * @param idCol a column without nulls and duplicates to sort by; null for an order that depends on the content and a seed
 * @param skipsInvalid whether rows that cannot be computed are left out
 */
record TrainingColumns(
        String featuresCol,
        @Nullable String maskCol,
        String labelCol,
        @Nullable String weightCol,
        @Nullable String idCol,
        boolean skipsInvalid)
        implements Serializable {
    static TrainingColumns of(HasTraining<?> stage) {
        return new TrainingColumns(
                stage.getFeaturesCol(),
                BaseColumns.mask(stage),
                stage.getLabelCol(),
                stage.isDefined(stage.weightCol()) ? stage.getWeightCol() : null,
                stage.isDefined(stage.idCol()) ? stage.getIdCol() : null,
                InvalidRows.of(stage.getHandleInvalid()) != InvalidRows.ERROR);
    }
}
