/**
 * Embeddings of text for LangChain4j, computed by a transformer with adapters.
 *
 * <pre>{@code
 * LoRAEmbeddingModel base = LoRAEmbeddingModel.of(Path.of("all-MiniLM-L6-v2"));
 * EmbeddingModel support = base.load("support", Path.of("adapters", "support"));
 * Embedding embedding = support.embed("Where is my parcel?").content();
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.langchain4j;

import org.jspecify.annotations.NullMarked;
