package org.lora4j.text.data;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/**
 * The tokens of a prompt with two answers, of which one is preferred. {@link DecoderTokens} creates them of texts and
 * conversations. All tokens after the prompt are the answer, with what ends it.
 *
 * @param chosen the prompt and the preferred answer; the tokens of the answer are learned
 * @param rejected the prompt and the other answer
 */
public record PreferenceExample(TokenExample chosen, TokenExample rejected) {
    /**
     * Checks the tokens.
     *
     * @param chosen the prompt and the preferred answer
     * @param rejected the prompt and the other answer
     * @throws IllegalArgumentException if one has no prompt or no answer, the answer is not all that follows the prompt, or both
     *     have the same tokens
     */
    public PreferenceExample {
        requireAnswer("chosen", Objects.requireNonNull(chosen, "chosen must not be null"));
        requireAnswer("rejected", Objects.requireNonNull(rejected, "rejected must not be null"));
        if (chosen.equals(rejected)) {
            throw new IllegalArgumentException("chosen and rejected must differ, found the same tokens twice");
        }
    }

    private static void requireAnswer(String which, TokenExample example) {
        int prompt = example.prompt().length;
        int answer = example.learnedTokens();
        if (prompt == 0 || answer == 0 || prompt + answer != example.length()) {
            throw new IllegalArgumentException(which
                    + " must have a prompt of at least one token, and then an answer of at"
                    + " least one, found " + example.length() + " tokens with " + prompt + " before the answer and "
                    + answer + " in it");
        }
    }

    /**
     * Returns the number of tokens of both texts.
     *
     * @return the tokens of the prompt count twice
     */
    public int length() {
        return chosen.length() + rejected.length();
    }

    /**
     * Returns the texts with the preferred answers, as {@link Batch#ofPreferences} takes them.
     *
     * @param examples the examples, at least one
     * @return a sequence for each, with its prompt marked
     */
    public static Sequences chosen(List<PreferenceExample> examples) {
        return sequences(examples, PreferenceExample::chosen);
    }

    /**
     * Returns the texts with the other answers, as {@link Batch#ofPreferences} takes them.
     *
     * @param examples the examples, at least one
     * @return a sequence for each, with its prompt marked
     */
    public static Sequences rejected(List<PreferenceExample> examples) {
        return sequences(examples, PreferenceExample::rejected);
    }

    private static Sequences sequences(
            List<PreferenceExample> examples, Function<PreferenceExample, TokenExample> which) {
        Objects.requireNonNull(examples, "examples must not be null");
        List<TokenExample> texts = examples.stream().map(which).toList();
        return Sequences.of(texts.stream().map(TokenExample::ids).toArray(int[][]::new))
                .withPrompts(
                        texts.stream().mapToInt(text -> text.prompt().length).toArray());
    }

    /**
     * Returns examples as a batch for {@link PreferenceLoss}.
     *
     * @param examples the examples, at least one
     * @param reference the reference, whose log probabilities are computed here
     * @return the batch
     */
    public static Batch batch(List<PreferenceExample> examples, PreferenceLoss.AnswerLogProbabilities reference) {
        Objects.requireNonNull(reference, "reference must not be null");
        Sequences chosen = chosen(examples);
        Sequences rejected = rejected(examples);
        return Batch.ofPreferences(chosen, rejected, reference.compute(chosen), reference.compute(rejected));
    }
}
