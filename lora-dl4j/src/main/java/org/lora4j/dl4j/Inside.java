package org.lora4j.dl4j;

import org.deeplearning4j.nn.api.Layer;
import org.jspecify.annotations.Nullable;

/**
 * The frozen layer inside of an adapted one, and what it computes with besides the arrays of the base.
 *
 * @param layer the layer that computes
 * @param effective what its parameters are computed from, or null if they are the arrays of the base
 * @param rows its product with factors, or null if it has none
 */
record Inside(
        Layer layer,
        @Nullable EffectiveParameters effective,
        @Nullable FactoredRows rows) {

    static Inside of(Layer layer) {
        return new Inside(layer, null, null);
    }

    /** Brings the parameters of the layer up to date. */
    void refresh() {
        if (effective != null) {
            effective.refresh();
        }
    }

    /** Forgets what was computed from the last input. */
    void forget() {
        if (rows != null) {
            rows.forget();
        }
    }
}
