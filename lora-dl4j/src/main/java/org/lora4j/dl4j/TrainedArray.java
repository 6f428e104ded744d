package org.lora4j.dl4j;

import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * An array that an adapter trains for a parameter of a layer. All are matrices.
 *
 * @param parameter the parameter of DL4J's layer: {@code W}, {@code RW}, {@code b}
 * @param role what the array is for the parameter
 * @param rows the number of rows
 * @param columns the number of columns
 */
record TrainedArray(
        @JsonProperty("parameter") String parameter,
        @JsonProperty("role") Role role,
        @JsonProperty("rows") long rows,
        @JsonProperty("columns") long columns) {

    /** What an array is for a parameter. */
    enum Role {
        /** {@code A [r, in]}. */
        LORA_A("LoraA"),
        /** {@code B [out, r]}. */
        LORA_B("LoraB"),
        /** The bias of B, {@code [1, out]}. */
        LORA_B_BIAS("LoraBBias"),
        /** DoRA's magnitude, {@code [1, out]}. */
        MAGNITUDE("Magnitude"),
        /** A trained copy of the parameter, as one row. */
        COPY("Copy");

        private final String suffix;

        Role(String suffix) {
            this.suffix = suffix;
        }
    }

    /** The key under which DL4J knows the array. Keys must not contain underscores. */
    String key() {
        return parameter + role.suffix;
    }

    long length() {
        return rows * columns;
    }
}
