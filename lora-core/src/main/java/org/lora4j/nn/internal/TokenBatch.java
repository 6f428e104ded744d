package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Sequences;

/** The sequences that a pass computes now, for the layers that need to know which rows belong together. */
final class TokenBatch {
    private @Nullable Sequences sequences;

    void set(Sequences now) {
        sequences = now;
    }

    Sequences get() {
        if (sequences == null) {
            throw new IllegalStateException("the pass must be given sequences first");
        }
        return sequences;
    }
}
