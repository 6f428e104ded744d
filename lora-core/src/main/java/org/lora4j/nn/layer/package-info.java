/**
 * The layers of networks. They hold parameters, and nothing that changes between calls.
 *
 * <pre>{@code
 * Linear linear = network.linear("linear1");
 * INDArray w = linear.weight();                                 // [out, in]
 * }</pre>
 */
@NullMarked
package org.lora4j.nn.layer;

import org.jspecify.annotations.NullMarked;
