package org.lora4j.text.data;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Holds out the same share of each class, in a single pass over a file. The elements of a class are cut into blocks: block b has
 * the elements from ⌈b/share⌉ to ⌈(b+1)/share⌉ − 1, and one of them, which a hash of the seed, the class and b chooses, is held
 * out. So of n elements of a class ⌊n·share⌋ are held out, or one more, and an element that is added at the end does not move
 * the others.
 */
public final class Strata {
    private final long seed;
    private final double share;
    private final Map<String, long[]> counts = new HashMap<>();

    /**
     * Begins a pass.
     *
     * @param seed the seed
     * @param share how many are held out, above 0 and below 1
     * @throws IllegalArgumentException if the share is out of range
     */
    public Strata(long seed, double share) {
        Dataset.requireShare(share);
        this.seed = seed;
        this.share = share;
    }

    /**
     * Returns whether the next element of a class is held out.
     *
     * @param stratum the class
     * @return true for one element of each block
     */
    public boolean isHeldOut(String stratum) {
        Objects.requireNonNull(stratum, "stratum must not be null");
        long index = counts.computeIfAbsent(stratum, name -> new long[1])[0]++;
        long block = (long) (index * share);
        while (begin(block) > index) {
            block--;
        }
        while (begin(block + 1) <= index) {
            block++;
        }
        long length = begin(block + 1) - begin(block);
        double chosen = Hash.unit(Hash.mix(Hash.mix(seed, stratum), block));
        return index - begin(block) == (long) (chosen * length);
    }

    private long begin(long block) {
        return (long) Math.ceil(block / share);
    }
}
