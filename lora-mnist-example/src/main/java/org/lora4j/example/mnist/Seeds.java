package org.lora4j.example.mnist;

import java.util.SplittableRandom;

/**
 * What one {@code --seed} gives to each random choice.
 *
 * @param network the initial parameters
 * @param baseOrder the order of the images in the base training
 * @param loraA the beginning of A
 * @param fineTuneOrder the order of the images in the fine-tuning
 */
record Seeds(long network, long baseOrder, long loraA, long fineTuneOrder) {
    static Seeds of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return new Seeds(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }
}
