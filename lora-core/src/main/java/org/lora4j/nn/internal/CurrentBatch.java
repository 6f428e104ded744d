package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;

/** The batch that a pass computes now, for its layers. */
final class CurrentBatch {
    private @Nullable Segments segments;

    void set(Segments now) {
        segments = now;
    }

    Segments get() {
        if (segments == null) {
            throw new IllegalStateException("the pass must be given a batch first");
        }
        return segments;
    }
}
