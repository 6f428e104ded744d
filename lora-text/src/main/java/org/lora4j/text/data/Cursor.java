package org.lora4j.text.data;

import org.jspecify.annotations.Nullable;

/** One pass over the elements of a data set. */
interface Cursor<T> extends AutoCloseable {
    /**
     * Returns the next element; null at the end.
     *
     * @throws TextFormatException if the next line is wrong; a further call goes on after it, unless {@link
     *     TextFormatException#ends}
     */
    @Nullable
    T next();

    @Override
    default void close() {}
}
