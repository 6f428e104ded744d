/**
 * LoRA on the networks of Deeplearning4j: {@link org.lora4j.dl4j.LoRANetwork}.
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.dl4j;

import org.jspecify.annotations.NullMarked;
