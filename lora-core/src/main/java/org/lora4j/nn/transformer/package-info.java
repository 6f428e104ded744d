/**
 * Encoders and decoders, loaded from and saved as the files of Hugging Face's {@code transformers};
 * {@link org.lora4j.nn.transformer.PretrainedModel} lists their families.
 *
 * <pre>{@code
 * PretrainedModel bert = PretrainedModel.load(Path.of("all-MiniLM-L6-v2"));
 * LoRAModel model = LoRAModel.of(bert.sentenceEmbeddings());
 * INDArray vectors = model.base().predict(Sequences.of(ids));
 * }</pre>
 */
@NullMarked
package org.lora4j.nn.transformer;

import org.jspecify.annotations.NullMarked;
