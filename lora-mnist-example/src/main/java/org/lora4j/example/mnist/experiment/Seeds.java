package org.lora4j.example.mnist.experiment;

import java.util.SplittableRandom;

/**
 * The seeds of all random choices of a run.
 *
 * @param network the seed of the initial parameters
 * @param baseOrder the seed of the order of images in the base training
 * @param loraA the seed of the initial A
 * @param fineTuneOrder the seed of the order of images in the fine-tuning
 */
public record Seeds(long network, long baseOrder, long loraA, long fineTuneOrder) {
    /** Derives all seeds from one. */
    public static Seeds of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new Seeds(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }
}
