package org.lora4j.text.tokens;

import java.util.stream.IntStream;

/** What the native library returns for a text or a pair of texts. */
final class NativeTokens {
    private final int[] ids;
    private final int[] types;
    private final int[] texts;

    /**
     * @param ids the tokens {@code [t]}
     * @param types the types of the tokens {@code [t]}
     * @param texts for each token the number of its text, 0 or 1; −1 for a special token that was added {@code [t]}
     */
    NativeTokens(int[] ids, int[] types, int[] texts) {
        this.ids = ids;
        this.types = types;
        this.texts = texts;
    }

    /** The tokens {@code [t]}. */
    int[] ids() {
        return ids;
    }

    /** The types of the tokens {@code [t]}. */
    int[] types() {
        return types;
    }

    /** The number of the text of each token {@code [t]}. */
    int[] texts() {
        return texts;
    }

    /** How many tokens are of a text. */
    int count(int text) {
        return (int) IntStream.of(texts).filter(t -> t == text).count();
    }

    /** How many special tokens were added. */
    int special() {
        return count(-1);
    }

    /** The first tokens of each text, with all special ones. */
    NativeTokens first(int most0, int most1) {
        int[] left = {most0, most1};
        int[] kept = IntStream.range(0, texts.length)
                .filter(i -> texts[i] < 0 || left[texts[i]]-- > 0)
                .toArray();
        return new NativeTokens(pick(ids, kept), pick(types, kept), pick(texts, kept));
    }

    private static int[] pick(int[] values, int[] indices) {
        return IntStream.of(indices).map(i -> values[i]).toArray();
    }
}
