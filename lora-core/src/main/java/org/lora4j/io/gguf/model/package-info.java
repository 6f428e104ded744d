/**
 * What a model in a GGUF file needs besides {@link org.lora4j.nn.transformer.PretrainedModel}: the form of changed matrices, and how
 * a file that breaks a rule of the format is refused.
 *
 * <pre>{@code
 * PretrainedModel model = PretrainedModel.load(Path.of("model.gguf"));
 * model.saveGguf(model.causal(), Path.of("model.gguf"), GgufPrecision.Q8_0, Path.of("copy.gguf"));
 * }</pre>
 */
@NullMarked
package org.lora4j.io.gguf.model;

import org.jspecify.annotations.NullMarked;
