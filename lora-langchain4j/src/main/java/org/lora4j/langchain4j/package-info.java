/**
 * Models for LangChain4j, computed by transformers with adapters: embeddings, scores for reranking, and chats.
 *
 * <pre>{@code
 * EmbeddingModel adapted = LoRAEmbeddingModel.of(folder).load("support", adapters.resolve("support"));
 * Embedding embedding = adapted.embed("Where is my parcel?").content();
 * }</pre>
 *
 * <p>A request names an adapter as its model. What a builder opened, {@code close} closes; what the program opened and gave to a
 * builder, the program closes.
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.langchain4j;

import org.jspecify.annotations.NullMarked;
