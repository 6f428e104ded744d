package org.lora4j.text.job;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/** Counts what trainings do. */
final class TrainingTotals {
    private final LongAdder steps = new LongAdder();
    private final LongAdder tokens = new LongAdder();
    private final LongAdder computing = new LongAdder();
    private final LongAdder waiting = new LongAdder();

    void stepped() {
        steps.increment();
    }

    void read(long ofBatch) {
        tokens.add(ofBatch);
    }

    void computed(long nanos) {
        computing.add(nanos);
    }

    void waited(long nanos) {
        waiting.add(nanos);
    }

    TrainingUse use() {
        return new TrainingUse(
                steps.sum(), tokens.sum(), Duration.ofNanos(computing.sum()), Duration.ofNanos(waiting.sum()));
    }
}
