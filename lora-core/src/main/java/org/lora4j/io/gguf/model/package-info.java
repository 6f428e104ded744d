/**
 * GGUF files as models: their keys, and their tensors in the form of transformers.
 *
 * <pre>{@code
 * try (GgufReader reader = GgufReader.open(Path.of("model.gguf"))) {
 *     String architecture = reader.keys().text("general.architecture").orElseThrow();
 *     INDArray table = reader.tensor("token_embd.weight");
 * }
 * }</pre>
 */
@NullMarked
package org.lora4j.io.gguf.model;

import org.jspecify.annotations.NullMarked;
