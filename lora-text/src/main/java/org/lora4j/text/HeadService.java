package org.lora4j.text;

import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.BatchingPredictor;

/**
 * What computes the tasks of one head.
 *
 * @param model the network of the head with the adapters that are loaded
 * @param predictor computes requests in batches
 * @param cache loads adapters; null if there are none
 * @param reloader looks for adapters that were replaced; null if nobody does
 * @param isOwned whether the service made them, and closes them
 * @param alone what the model does without an adapter; null if it needs one
 */
record HeadService(
        LoRAModel model,
        BatchingPredictor predictor,
        @Nullable AdapterCache cache,
        @Nullable AdapterReloader reloader,
        boolean isOwned,
        @Nullable KnownTask alone) {
    /** Ends what was started. */
    void close() {
        if (reloader != null) {
            reloader.close();
        }
        if (isOwned) {
            predictor.close();
        }
    }
}
