package org.lora4j.spark.internal.rows;

import java.io.Serializable;

/**
 * Where the input of a row is.
 *
 * @param features the index of the features, the tokens or the text
 * @param mask the index of the mask of the tokens; −1 if there is none
 * @param pair the index of the second text; −1 if there is none
 */
public record InputColumns(int features, int mask, int pair) implements Serializable {
    /** Returns the columns of an input without a mask. */
    public static InputColumns of(int features, int pair) {
        return new InputColumns(features, -1, pair);
    }

    boolean hasMask() {
        return mask >= 0;
    }

    boolean hasPair() {
        return pair >= 0;
    }
}
