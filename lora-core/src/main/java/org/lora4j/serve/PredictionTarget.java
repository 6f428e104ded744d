package org.lora4j.serve;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A future that is completed with the result of a call.
 *
 * @param future the future
 * @param form makes what the future returns of the result
 * @param <T> what the future returns
 */
record PredictionTarget<T>(CompletableFuture<T> future, Function<Prediction, T> form) {
    void complete(Prediction prediction) {
        future.complete(form.apply(prediction));
    }
}
