/** LoRA on SameDiff graphs: frozen weights, named adapters, training by the graph's own {@code fit}. */
@NullMarked
package org.lora4j.samediff;

import org.jspecify.annotations.NullMarked;
