package org.lora4j.text.data;

import java.util.Objects;

/**
 * The two parts of a data set. Each reads the whole file and leaves out what belongs to the other.
 *
 * @param train the part for training
 * @param test the part that is held out
 * @param <T> the type of the elements
 */
public record Split<T>(Dataset<T> train, Dataset<T> test) {
    /**
     * Returns whether {@link Dataset#split(long, double)} holds out an element, for a single pass over a file.
     *
     * @param seed the seed
     * @param index the number of the element, from 0
     * @param testShare about how many are held out, above 0 and below 1
     * @return true for an element of {@link #test}
     */
    public static boolean isHeldOut(long seed, long index, double testShare) {
        return Hash.unit(Hash.mix(seed, index)) < testShare;
    }

    /**
     * Returns whether {@link Dataset#splitBy} holds out a group.
     *
     * @param seed the seed
     * @param group the name of the group
     * @param testShare about how many groups are held out, above 0 and below 1
     * @return true for a group of {@link #test}
     */
    public static boolean isHeldOut(long seed, String group, double testShare) {
        Objects.requireNonNull(group, "group must not be null");
        return Hash.unit(Hash.mix(seed, group)) < testShare;
    }
}
