package org.lora4j.train;

import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;

/**
 * Computes the log probability that a language model gives to an answer, without dropout: the sum of {@code log p} over all
 * tokens after the prompt, its end included. {@link PreferenceLoss} needs those of a reference.
 *
 * <pre>{@code
 * AnswerLogProbabilities reference = new AnswerLogProbabilities(model.base());
 * double[] sums = reference.compute(Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2, 8, 1}).withPrompts(2, 1));
 * }</pre>
 *
 * <p>The model is read at each call, so with an adapter that trains the numbers change. Not thread-safe; several instances
 * can share a model.
 */
public final class AnswerLogProbabilities {
    private final Pass pass;
    private final BatchLoss logits;

    /**
     * Creates an instance with buffers of its own.
     *
     * @param model a model that gives logits for each token
     */
    public AnswerLogProbabilities(Model model) {
        Objects.requireNonNull(model, "model must not be null");
        pass = model.newInferencePass();
        logits = BatchLoss.of(pass, model);
    }

    /**
     * Computes the log probabilities of the answers.
     *
     * @param sequences n sequences, each with a prompt and an answer; see {@link Sequences#withPrompts}
     * @return a number for each sequence {@code [n]}
     * @throws IllegalArgumentException if a sequence has no prompt or no answer, or the model cannot take it
     */
    public double[] compute(Sequences sequences) {
        Objects.requireNonNull(sequences, "sequences must not be null");
        Answers answers = Answers.of(sequences);
        pass.require(sequences);
        pass.segment().resolve();
        logits.forward(Segments.of(pass.segment(), sequences), true);
        TokenLogits ofTokens = logits.logits(0);
        return answers.logProbabilities(ofTokens, answers.entropy(ofTokens));
    }
}
