package org.lora4j.dl4j;

import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A weight of a layer that has factors.
 *
 * @param parameter the parameter of DL4J's layer: {@code W}, {@code RW}
 * @param scale s
 * @param dropout the probability with which an element of the input of A is dropped in training
 */
record Target(
        @JsonProperty("parameter") String parameter,
        @JsonProperty("scale") double scale,
        @JsonProperty("dropout") double dropout) {}
