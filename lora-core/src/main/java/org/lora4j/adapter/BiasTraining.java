package org.lora4j.adapter;

/** Which biases an adapter trains copies of, beside A and B: PEFT's {@code bias}. */
public enum BiasTraining {
    /** None. */
    NONE,
    /** Those of the adapted layers. */
    LORA_ONLY,
    /** Those of every layer. */
    ALL;

    /**
     * Returns whether the bias of a layer trains.
     *
     * @param adapted whether the layer is adapted
     * @return true if a copy of the bias trains
     */
    public boolean trains(boolean adapted) {
        return switch (this) {
            case NONE -> false;
            case LORA_ONLY -> adapted;
            case ALL -> true;
        };
    }
}
