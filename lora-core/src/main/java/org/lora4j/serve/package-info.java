/**
 * Services that many use at the same time: calls of many threads in one batch, each with its own adapter, a fair
 * order of the adapters, and adapters that are loaded when they are needed.
 *
 * <pre>{@code
 * AdapterCache cache = AdapterCache.builder(model, Path.of("adapters")).build();
 * BatchingPredictor predictor = BatchingPredictor.builder(model).adapters(cache).build();
 * INDArray y = predictor.predict(row, "customer-a");              // from any number of threads
 * }</pre>
 *
 * <p>Start with {@link org.lora4j.serve.BatchingPredictor}, or with {@link org.lora4j.serve.GenerationService} for decoders. They
 * need no cache if all adapters are in the model. {@link org.lora4j.serve.ServingStats} has their figures, and {@link
 * org.lora4j.serve.ServingException} says why a request was not served.
 */
@NullMarked
package org.lora4j.serve;

import org.jspecify.annotations.NullMarked;
