package org.lora4j.text.internal;

import org.lora4j.internal.ForModules;

/** A small number for each of many texts. It keeps a {@link TextHash} of each, in at most 36 bytes. */
@ForModules
public final class TextTable {
    private static final int FIRST = 1024;

    /** No number. */
    public static final int NONE = 0;

    private final TextHash hash = new TextHash();
    private long[] hashes = new long[FIRST];
    private byte[] numbers = new byte[FIRST];
    private int size;

    /** Creates a table without texts. */
    public TextTable() {}

    /**
     * Returns the number of a text.
     *
     * @param text the text
     * @return {@link #NONE} if it has none
     */
    public int get(String text) {
        return numbers[place(hash.of(text))];
    }

    /**
     * Sets the number of a text.
     *
     * @param text the text
     * @param number from 1 to 127
     */
    public void put(String text, int number) {
        long key = hash.of(text);
        int place = place(key);
        if (numbers[place] == NONE) {
            size++;
            if (2 * size > numbers.length) {
                grow();
                place = place(key);
            }
        }
        hashes[place] = key;
        numbers[place] = (byte) number;
    }

    /** Where a hash is, or may be put. */
    private int place(long key) {
        int place = (int) key & (numbers.length - 1);
        while (numbers[place] != NONE && hashes[place] != key) {
            place = (place + 1) & (numbers.length - 1);
        }
        return place;
    }

    private void grow() {
        long[] oldHashes = hashes;
        byte[] oldNumbers = numbers;
        hashes = new long[2 * oldHashes.length];
        numbers = new byte[2 * oldNumbers.length];
        for (int i = 0; i < oldNumbers.length; i++) {
            if (oldNumbers[i] != NONE) {
                int place = place(oldHashes[i]);
                hashes[place] = oldHashes[i];
                numbers[place] = oldNumbers[i];
            }
        }
    }
}
