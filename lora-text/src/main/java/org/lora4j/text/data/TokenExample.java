package org.lora4j.text.data;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generator;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The tokens of an example for a language model, and which of them it learns to predict. {@link DecoderTokens} creates them of
 * texts and conversations.
 */
public final class TokenExample {
    /** The label that takes no part. */
    private static final int IGNORED = -100;

    private final int[] ids;
    private final boolean[] learned;

    /**
     * Creates an example.
     *
     * @param ids the tokens {@code [t]}
     * @param learned whether each of them is learned {@code [t]}
     * @throws IllegalArgumentException if the lengths differ
     */
    public TokenExample(int[] ids, boolean[] learned) {
        this.ids = Objects.requireNonNull(ids, "ids must not be null").clone();
        this.learned =
                Objects.requireNonNull(learned, "learned must not be null").clone();
        if (ids.length != learned.length) {
            throw new IllegalArgumentException(
                    "learned must have a value for each of the " + ids.length + " tokens, found " + learned.length);
        }
    }

    /**
     * Creates an example whose tokens are all learned.
     *
     * @param ids the tokens {@code [t]}
     * @return the example
     */
    public static TokenExample ofText(int[] ids) {
        boolean[] all = new boolean[Objects.requireNonNull(ids, "ids must not be null").length];
        Arrays.fill(all, true);
        return new TokenExample(ids, all);
    }

    /**
     * Returns examples as a batch for {@link Loss#nextToken}.
     *
     * @param examples the examples, at least one
     * @return the sequences, and as labels {@code [n, longest]} the tokens that are learned, and −100 for others
     */
    public static Batch batch(List<TokenExample> examples) {
        Objects.requireNonNull(examples, "examples must not be null");
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

    /**
     * Returns a hash of what a training sees: the tokens, and which of them are learned.
     *
     * @return the hash
     */
    public int contentHash() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(learned);
    }

    /**
     * Returns the beginning of the example.
     *
     * @param most the most tokens, at least 1
     * @return the example, cut; null if nothing that is learned would be left
     */
    public @Nullable TokenExample cut(int most) {
        TokenExample part =
                ids.length <= most ? this : new TokenExample(Arrays.copyOf(ids, most), Arrays.copyOf(learned, most));
        return part.learnedTokens() == 0 ? null : part;
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
     * Returns the number of tokens.
     *
     * @return t
     */
    public int length() {
        return ids.length;
    }

    /**
     * Returns for each token whether it is learned.
     *
     * @return a new array {@code [t]}
     */
    public boolean[] learned() {
        return learned.clone();
    }

    /**
     * Returns how many tokens the loss counts. Nothing predicts the first one.
     *
     * @return the number of learned tokens but the first
     */
    public int learnedTokens() {
        return (int) IntStream.range(1, ids.length).filter(i -> learned[i]).count();
    }

    /**
     * Returns the tokens before the first one that is learned.
     *
     * @return a new array
     */
    public int[] prompt() {
        int first = 0;
        while (first < ids.length && !learned[first]) {
            first++;
        }
        return Arrays.copyOf(ids, first);
    }

    /**
     * Returns the tokens from the first one that is learned on.
     *
     * @return a new array
     */
    public int[] answer() {
        return Arrays.copyOfRange(ids, prompt().length, ids.length);
    }

    /**
     * Measures how well a model predicts the tokens that are learned.
     *
     * @param generator the model
     * @return the sum of −ln p over these tokens, and their number; the bytes are 0
     * @throws IllegalArgumentException if there is only one token, or the model cannot take the tokens
     */
    public Perplexity perplexity(Generator generator) {
        Objects.requireNonNull(generator, "generator must not be null");
        List<Double> logProbabilities = generator
                .score(Arrays.copyOf(ids, 1), Arrays.copyOfRange(ids, 1, ids.length))
                .tokens();
        double nats = 0;
        for (int i = 1; i < ids.length; i++) {
            if (learned[i]) {
                nats -= logProbabilities.get(i - 1);
            }
        }
        return new Perplexity(nats, learnedTokens(), 0);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenExample that
                && Arrays.equals(ids, that.ids)
                && Arrays.equals(learned, that.learned);
    }

    @Override
    public int hashCode() {
        return contentHash();
    }
}
