package org.lora4j.cli.language;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;
import org.nd4j.linalg.factory.Nd4j;

/** The tokens of an example, and which of them the model learns to predict. */
public final class TokenExample {
    /** The label that takes no part. */
    private static final int IGNORED = -100;

    private final int[] ids;
    private final boolean[] learned;

    /**
     * Creates an example.
     *
     * @param ids the tokens
     * @param learned whether each of them is learned
     */
    TokenExample(int[] ids, boolean[] learned) {
        this.ids = ids.clone();
        this.learned = learned.clone();
    }

    /** Returns a hash of what a training sees: the tokens, and which of them are learned. */
    int contentHash() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(learned);
    }

    /** An example whose tokens are all learned. */
    static TokenExample ofText(int[] ids) {
        boolean[] all = new boolean[ids.length];
        Arrays.fill(all, true);
        return new TokenExample(ids, all);
    }

    /** Returns the beginning of the example; null if nothing that is learned would be left. */
    @Nullable
    TokenExample cut(int most) {
        TokenExample part =
                ids.length <= most ? this : new TokenExample(Arrays.copyOf(ids, most), Arrays.copyOf(learned, most));
        return part.learnedTokens() == 0 ? null : part;
    }

    int[] ids() {
        return ids.clone();
    }

    int length() {
        return ids.length;
    }

    boolean isLearned(int token) {
        return learned[token];
    }

    /** Returns how many tokens the loss counts. Nothing predicts the first one. */
    int learnedTokens() {
        return (int) IntStream.range(1, ids.length).filter(i -> learned[i]).count();
    }

    /** Returns the tokens before the first one that is learned. */
    int[] prompt() {
        int first = 0;
        while (first < ids.length && !learned[first]) {
            first++;
        }
        return Arrays.copyOf(ids, first);
    }

    /** Returns the tokens from the first one that is learned on. */
    int[] answer() {
        return Arrays.copyOfRange(ids, prompt().length, ids.length);
    }

    /** Returns examples as a batch for the loss of the next token. */
    static Batch batch(List<TokenExample> examples) {
        int longest = examples.stream().mapToInt(TokenExample::length).max().orElseThrow();
        int[][] tokens = examples.stream().map(TokenExample::ids).toArray(int[][]::new);
        float[][] labels = new float[tokens.length][longest];
        for (int i = 0; i < tokens.length; i++) {
            for (int j = 0; j < longest; j++) {
                boolean counts = j < tokens[i].length && examples.get(i).learned[j];
                labels[i][j] = counts ? tokens[i][j] : IGNORED;
            }
        }
        return new Batch(Sequences.of(tokens), Nd4j.createFromArray(labels));
    }
}
