/**
 * Adapters as data: their configuration, initialization, arrays and fit, and the seam by which they know a base model.
 *
 * <pre>{@code
 * LoRAConfig config = LoRAConfig.builder().rank(8).alpha(16).targetModules("query", "value").build();
 * LoRAAdapter adapter = LoRAAdapter.initialize(base, config).adapter();
 * LoRAWeights weights = adapter.weights().get("linear1");       // A [r, in] and B [out, r]
 * }</pre>
 *
 * <p>A model of your own can use adapters if it implements {@link org.lora4j.adapter.BaseModel}.
 */
@NullMarked
package org.lora4j.adapter;

import org.jspecify.annotations.NullMarked;
