package org.lora4j.text.data;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.Function;

/**
 * Examples that stay in their file, and are read from it each time they are asked for. The memory has the place of each: 12 bytes.
 *
 * @param <T> the type of the examples
 */
public final class StoredExamples<T> extends AbstractList<T> implements RandomAccess {
    private final IndexedFile file;
    private final Function<TextRow, List<T>> examples;
    private long[] offsets = new long[1024];
    private int[] lines = new int[1024];
    private int size;
    private int hash = 1;

    /**
     * Creates a list without examples.
     *
     * @param file the file
     * @param examples makes the examples of a row, always the same ones
     */
    public StoredExamples(IndexedFile file, Function<TextRow, List<T>> examples) {
        this.file = file;
        this.examples = examples;
    }

    /**
     * Adds the examples of a row.
     *
     * @param row a row of the file
     * @param some its examples
     */
    public void add(TextRow row, List<T> some) {
        for (T example : some) {
            if (size == offsets.length) {
                offsets = Arrays.copyOf(offsets, 2 * size);
                lines = Arrays.copyOf(lines, 2 * size);
            }
            offsets[size] = row.offset();
            lines[size] = Math.toIntExact(row.line());
            size++;
            hash = 31 * hash + Objects.hashCode(example);
        }
    }

    /** Gives back what was reserved for more rows. */
    public void trim() {
        offsets = Arrays.copyOf(offsets, size);
        lines = Arrays.copyOf(lines, size);
    }

    /**
     * Reads an example.
     *
     * @throws TextFormatException if the file was changed, and the row is wrong now
     */
    @Override
    public T get(int index) {
        Objects.checkIndex(index, size);
        int first = index;
        while (first > 0 && offsets[first - 1] == offsets[index]) {
            first--;
        }
        TextRow row = file.row(offsets[index], lines[index]);
        List<T> some = examples.apply(row);
        if (index - first >= some.size()) {
            throw row.refuse("the file must stay as it is while it is used, found another row");
        }
        return some.get(index - first);
    }

    /**
     * Returns where an example stands.
     *
     * @param index the number of the example
     * @return the file and the line
     */
    public String where(int index) {
        return file.path() + ":" + lines[index];
    }

    @Override
    public int size() {
        return size;
    }

    /** The hash that a list in memory has. It is computed in the first pass, so that nothing is read for it. */
    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other);
    }
}
