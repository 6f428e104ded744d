/**
 * Generation of text by decoders, with and without adapters: one text at a time with {@link
 * org.lora4j.generate.Generator}, many with {@link org.lora4j.generate.BatchGenerator}.
 *
 * <pre>{@code
 * LoRAModel model = LoRAModel.of(PretrainedModel.load(folder).causal());
 * Generator generator = Generator.of(model.load("support", Path.of("adapters/support")));
 * Generation reply = generator.generate(prompt, GenerationOptions.greedy().withMaxTokens(200));
 * }</pre>
 */
@NullMarked
package org.lora4j.generate;

import org.jspecify.annotations.NullMarked;
