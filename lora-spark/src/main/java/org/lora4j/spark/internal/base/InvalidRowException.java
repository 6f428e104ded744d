package org.lora4j.spark.internal.base;

import org.jspecify.annotations.Nullable;

/** Says that the fault is in one row, so that the row can be left out. */
public final class InvalidRowException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public InvalidRowException(String message) {
        super(message);
    }

    public InvalidRowException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Adds which row it is, and what can be done. */
    public InvalidRowException ofRow(@Nullable Object key) {
        return with(". The row has the id " + key);
    }

    /** Adds how to see which row it is, and what can be done. */
    public InvalidRowException ofUnknownRow() {
        return with(". Set idCol to see the id of the row");
    }

    private InvalidRowException with(String row) {
        return new InvalidRowException(
                getMessage() + row + "; repair or filter such rows, or set handleInvalid to 'skip'", this);
    }
}
