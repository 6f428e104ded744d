/**
 * LoRA on SameDiff graphs: frozen weights, named adapters, training by the graph's own {@code fit}.
 *
 * <pre>{@code
 * SameDiffLoRA lora = SameDiffLoRA.of(graph);                   // every variable is frozen from here on
 * lora.add("spam", LoRAConfig.of(4, 8));
 * lora.train("spam");                                           // fit trains this adapter, and nothing else
 * graph.fit(spamData, 5);
 * INDArray logits = lora.using("spam").output(Map.of("x", x), "logits").get("logits");
 * }</pre>
 */
@NullMarked
package org.lora4j.samediff;

import org.jspecify.annotations.NullMarked;
