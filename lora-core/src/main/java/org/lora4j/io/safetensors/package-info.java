/**
 * Tensors in the safetensors format. Reading trusts nothing; writing is atomic.
 *
 * <pre>{@code
 * INDArray weight = SafeTensors.read(Path.of("base.safetensors")).tensor("linear1.weight");
 * }</pre>
 */
@NullMarked
package org.lora4j.io.safetensors;

import org.jspecify.annotations.NullMarked;
