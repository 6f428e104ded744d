/**
 * LoRA on our own networks: models with named adapters, and parametrizations of single weights.
 *
 * <p>Throughout the library, an argument that is null where null is not allowed gives a {@link NullPointerException} that
 * names the argument.
 */
@NullMarked
package org.lora4j;

import org.jspecify.annotations.NullMarked;
