package org.lora4j.text.tokens;

import java.util.Arrays;

/** The tokens of a text, or of a pair of texts, with the special tokens. It has no padding. */
public final class TokenizedText {
    private final int[] ids;
    private final int[] types;
    private final boolean isCut;

    TokenizedText(int[] ids, int[] types, boolean isCut) {
        this.ids = ids;
        this.types = types;
        this.isCut = isCut;
    }

    /**
     * Returns the tokens.
     *
     * @return a new array {@code [t]}
     */
    public int[] ids() {
        return ids.clone();
    }

    /**
     * Returns the type of each token: 1 for those of the second text of a pair if the model tells them apart, else 0.
     *
     * @return a new array {@code [t]}
     */
    public int[] types() {
        return types.clone();
    }

    /**
     * Returns the mask: 1 for each token, since none is padding.
     *
     * @return a new array {@code [t]}
     */
    public int[] mask() {
        int[] mask = new int[ids.length];
        Arrays.fill(mask, 1);
        return mask;
    }

    /**
     * Returns the number of tokens.
     *
     * @return t, with the special tokens
     */
    public int size() {
        return ids.length;
    }

    /**
     * Returns whether the end of a text was cut off. How many tokens that were is not counted: the rest of a long text need not
     * become tokens.
     *
     * @return false if the whole text is there
     */
    public boolean isCut() {
        return isCut;
    }

    @Override
    public String toString() {
        return "TokenizedText(" + ids.length + " tokens" + (isCut ? ", cut)" : ")");
    }
}
