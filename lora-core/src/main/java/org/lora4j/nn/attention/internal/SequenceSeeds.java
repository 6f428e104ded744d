package org.lora4j.nn.attention.internal;

import org.lora4j.internal.math.StepSeed;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;

/**
 * What the random numbers of an attention depend on: for each sequence the step of its segment, and its number in the whole
 * batch if this one is a part of it.
 */
final class SequenceSeeds {
    private final long seed;
    private final int heads;
    private long[] stepSeeds = new long[0];
    private long[] numbers = new long[0];

    SequenceSeeds(long seed, int heads) {
        this.seed = seed;
        this.heads = heads;
    }

    /** Takes the steps of a batch. */
    void bind(Segments segments) {
        int count = segments.examples();
        if (stepSeeds.length < count) {
            stepSeeds = new long[count];
            numbers = new long[count];
        }
        for (int i = 0; i < segments.count(); i++) {
            Segment segment = segments.get(i);
            int first = segments.firstExample(i);
            for (int s = first; s < segments.firstExample(i + 1); s++) {
                stepSeeds[s] = StepSeed.of(seed, segment.step());
                numbers[s] = segment.rowsBefore(false) + s - first;
            }
        }
    }

    /** The seed of the i-th row of the weights of a head. */
    long ofRow(int sequence, int head, int i) {
        long part = numbers[sequence] * heads + head;
        return StepSeed.ofRow(stepSeeds[sequence], (part << Integer.SIZE) + i);
    }
}
