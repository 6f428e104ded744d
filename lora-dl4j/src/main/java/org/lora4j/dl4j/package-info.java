/**
 * LoRA on the networks of Deeplearning4j: {@link org.lora4j.dl4j.LoRANetwork}.
 *
 * <pre>{@code
 * LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
 * MultiLayerNetwork nine = lora.add("nine", LoRAConfig.of(1, 1), new Adam(1e-3));
 * nine.fit(digitNine);                                          // trains A and B, and nothing else
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.dl4j;

import org.jspecify.annotations.NullMarked;
