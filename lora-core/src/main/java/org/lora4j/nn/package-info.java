/**
 * Networks: their layers, parameters and files.
 *
 * <pre>{@code
 * Network network = Network.builder(784)
 *         .linear("linear1", 100).relu()
 *         .linear("linear2", 10).build(42);
 * INDArray logits = network.predict(x);                         // [n, 784] → [n, 10]
 * network.save(Path.of("base.safetensors"));                    // the keys of PyTorch's state_dict
 * }</pre>
 */
@NullMarked
package org.lora4j.nn;

import org.jspecify.annotations.NullMarked;
