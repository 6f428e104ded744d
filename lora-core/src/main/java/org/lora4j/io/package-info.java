/**
 * Files: tensors in the safetensors format and adapters in the form of PEFT. Reading trusts nothing; writing is atomic.
 *
 * <pre>{@code
 * PeftAdapters.save(adapter, base, Path.of("adapters", "nine"));
 * LoRAAdapter loaded = PeftAdapters.load(Path.of("adapters", "nine"), base);
 * INDArray weight = SafeTensors.read(Path.of("base.safetensors")).tensor("linear1.weight");
 * }</pre>
 */
@NullMarked
package org.lora4j.io;

import org.jspecify.annotations.NullMarked;
