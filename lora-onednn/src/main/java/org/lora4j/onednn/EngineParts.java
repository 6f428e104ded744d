package org.lora4j.onednn;

import org.lora4j.internal.memory.IdlePool;

/**
 * What all weights of an engine compute with.
 *
 * @param workers the threads
 * @param matmuls the code
 * @param roundedProducts the products of kinds that round the inputs, which one computation at a time uses
 */
record EngineParts(Workers workers, Matmuls matmuls, IdlePool<RoundedProduct> roundedProducts) {
    EngineParts(Workers workers, Matmuls matmuls) {
        this(workers, matmuls, new IdlePool<>(() -> new RoundedProduct(workers)));
    }
}
