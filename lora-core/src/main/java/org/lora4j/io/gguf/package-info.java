/**
 * Files of llama.cpp: adapters in the GGUF format.
 *
 * <pre>{@code
 * GgufModel llama = PretrainedModel.load(folder).config().ggufModel();
 * GgufAdapters.save(adapter, llama, Path.of("support.gguf"));
 * LoRAAdapter same = GgufAdapters.load(Path.of("support.gguf"), llama);
 * }</pre>
 */
@NullMarked
package org.lora4j.io.gguf;

import org.jspecify.annotations.NullMarked;
