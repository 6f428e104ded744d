package org.lora4j.nn.batch.internal;

/**
 * Keys and values of tokens that follow each other in one attention. They are never written to.
 *
 * @param first the first token
 * @param count the number of tokens
 * @param keys for each head and each dimension, a number of each token
 * @param values for each head, the vectors of the tokens
 * @param <A> {@code float[]} or {@code double[]}
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
record LayerBlock<A>(int first, int count, A keys, A values) {}
