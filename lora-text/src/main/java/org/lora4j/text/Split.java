package org.lora4j.text;

/**
 * The two parts of a data set. Each reads the whole file and leaves out what belongs to the other.
 *
 * @param train the part for training
 * @param test the part that is held out
 * @param <T> the type of the elements
 */
public record Split<T>(Dataset<T> train, Dataset<T> test) {}
