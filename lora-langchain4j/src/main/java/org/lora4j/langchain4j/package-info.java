/**
 * Embeddings of text for LangChain4j, computed by a transformer with adapters.
 *
 * <pre>{@code
 * EmbeddingModel adapted = LoRAEmbeddingModel.of(folder).load("support", adapters.resolve("support"));
 * Embedding embedding = adapted.embed("Where is my parcel?").content();
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.langchain4j;

import org.jspecify.annotations.NullMarked;
