package org.lora4j;

/** Which biases an adapter trains copies of, beside A and B: PEFT's {@code bias}. */
public enum BiasTraining {
    /** None. */
    NONE,
    /** Those of the adapted layers. */
    LORA_ONLY,
    /** Those of every layer. */
    ALL
}
