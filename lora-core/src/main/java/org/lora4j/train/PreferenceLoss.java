package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The loss of Direct Preference Optimization, DPO (<a href="https://arxiv.org/abs/2305.18290">arXiv:2305.18290</a>, equation
 * 7): a language model learns from pairs of answers to prefer the chosen one, and stays close to a reference.
 *
 * <p>For a prompt x with the answers c (chosen) and r (rejected), with the log probabilities of all their tokens after the
 * prompt under the model π and under the reference,
 *
 * <pre>
 * d = (log π(c|x) − log ref(c|x)) − (log π(r|x) − log ref(r|x))
 * L = −(1 − ε)·log σ(β·d) − ε·log σ(−β·d),    σ(z) = 1/(1 + exp(−z))
 * </pre>
 *
 * <p>and the mean over the pairs. With ε = 0 it is DPO; ε is the assumed share of pairs whose labels are the wrong way round
 * (conservative DPO), as {@code label_smoothing} of TRL's {@code DPOTrainer} with {@code loss_type="sigmoid"}.
 *
 * <p>If it {@linkplain #normalizesLength normalizes lengths}, each log ratio is divided by the number of tokens of its answer
 * (length-normalized DPO, <a href="https://arxiv.org/abs/2411.15124">arXiv:2411.15124</a>, section 5), and β is mostly
 * greater, such as 5:
 *
 * <pre>
 * d = (log π(c|x) − log ref(c|x))/|c| − (log π(r|x) − log ref(r|x))/|r|
 * </pre>
 *
 * <p>The reference is a frozen model, mostly the base without the adapter that trains, {@code model.base()}. It does not
 * change, so its log probabilities are computed once for each pair and kept, with {@link AnswerLogProbabilities}; it has no
 * dropout. An initialization that is subtracted from the base (PiSSA, OLoRA) leaves {@code model.base()} as it was, so the
 * reference is the original model. LoftQ starts with an adapter that corrects the rounding of its base, so the base alone is
 * the rounded model. The adapter as it is at the start is a reference too: {@code model.add("start", view.adapter())}, a copy
 * that does not train.
 *
 * <pre>{@code
 * Sequences chosen = Sequences.of(new int[] {5, 9, 3, 7}).withPrompts(2);
 * Sequences rejected = Sequences.of(new int[] {5, 9, 4}).withPrompts(2);
 * PreferenceLoss.AnswerLogProbabilities reference = new PreferenceLoss.AnswerLogProbabilities(model.base());
 * Batch batch = Batch.ofPreferences(chosen, rejected, reference.compute(chosen), reference.compute(rejected));
 * Trainer.builder(view).loss(PreferenceLoss.of(0.1)).updater(new AdamW(5e-6, 0)).build().fit(List.of(batch));
 * double accuracy = PreferenceLoss.of(0.1).evaluate(view, heldOut).accuracy();
 * }</pre>
 *
 * <p>The examples of a batch are pairs: a mean over several batches, as with {@link Trainer.Builder#accumulate} and in validations,
 * gives each the weight of its number of pairs. A {@link BatchGradients} computes such batches whole; a part of the
 * sequences of one is not a batch.
 *
 * @param beta β, positive: how strongly the model is held to the reference
 * @param labelSmoothing ε, at least 0 and less than 0.5
 * @param normalizesLength whether each log ratio is divided by the number of tokens of its answer
 */
public record PreferenceLoss(double beta, double labelSmoothing, boolean normalizesLength) implements Loss {
    /**
     * Checks the numbers.
     *
     * @param beta β
     * @param labelSmoothing ε
     * @param normalizesLength whether each log ratio is divided by the number of tokens of its answer
     * @throws IllegalArgumentException if β is not positive and finite, or ε is not at least 0 and less than 0.5
     */
    public PreferenceLoss {
        if (!(beta > 0) || !Double.isFinite(beta)) {
            throw new IllegalArgumentException("beta must be positive and finite, found " + beta);
        }
        if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
            throw new IllegalArgumentException(
                    "labelSmoothing must be at least 0 and less than 0.5, found " + labelSmoothing);
        }
    }

    /**
     * Returns the loss of DPO, without label smoothing and without normalized lengths.
     *
     * @param beta β, positive; 0.1 is usual
     * @return the loss
     * @throws IllegalArgumentException if β is not positive and finite
     */
    public static PreferenceLoss of(double beta) {
        return new PreferenceLoss(beta, 0, false);
    }

    /**
     * Computes the loss of log probabilities, and its gradient. A {@link Trainer} computes these from the tokens.
     *
     * @param output {@code [2n]} or {@code [2n, 1]}: the log probabilities of n chosen answers under the model, then those of
     *     the n rejected ones; each divided by its number of tokens if lengths are normalized
     * @param labels the same under the reference
     * @param gradient receives {@code ∂L/∂output}, in the shape of the output
     * @return the mean loss of the pairs
     * @throws IllegalArgumentException if the number of answers is odd, or the labels have another number
     */
    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        Objects.requireNonNull(output, "output must not be null");
        Objects.requireNonNull(labels, "labels must not be null");
        Objects.requireNonNull(gradient, "gradient must not be null");
        double[] policy = output.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        requirePairs(policy.length);
        double[] reference = reference(labels, policy.length);
        double[] slopes = new double[policy.length];
        Sums sums = new Sums();
        for (int i = 0; i < policy.length / 2; i++) {
            sums.add(policy[i] - reference[i], rejected(policy, i) - rejected(reference, i), slopes, i);
        }
        for (int i = 0; i < slopes.length; i++) {
            gradient.putScalar(i, slopes[i]);
        }
        return sums.loss / sums.pairs;
    }

    private static double rejected(double[] numbers, int pair) {
        return numbers[numbers.length / 2 + pair];
    }

    /**
     * Measures a model with pairs, without dropout.
     *
     * @param model the model, mostly with the adapter that was trained
     * @param batches pairs with the log probabilities of the reference, as {@link Batch#ofPreferences} creates them; at
     *     least one batch
     * @return the means over all pairs
     * @throws IllegalArgumentException if there is no batch, or one does not fit the loss or the model
     */
    public Metrics evaluate(Model model, Iterable<Batch> batches) {
        Objects.requireNonNull(batches, "batches must not be null");
        AnswerLogProbabilities policy = new AnswerLogProbabilities(model);
        Sums sums = new Sums();
        for (Batch batch : batches) {
            Answers answers = Answers.of(batch.input());
            requirePairs(answers.count());
            double[] reference = reference(batch.labels(), answers.count());
            add(answers, policy.compute((Sequences) batch.input()), reference, sums, new double[answers.count()]);
        }
        if (sums.pairs == 0) {
            throw new IllegalArgumentException("batches: there must be at least one batch, found none");
        }
        return sums.metrics();
    }

    /** Computes the loss of a segment of a pass, and in a training its gradient. */
    BatchLoss.Value compute(TokenLogits logits, Input input, @Nullable INDArray labels) {
        Answers answers = Answers.of(input);
        requirePairs(answers.count());
        double[] reference = reference(labels, answers.count());
        TokenCrossEntropy<?> entropy = answers.entropy(logits);
        double[] slopes = new double[answers.count()];
        Sums sums = new Sums();
        add(answers, answers.logProbabilities(logits, entropy), reference, sums, slopes);
        if (logits.isTraining()) {
            answers.differentiate(logits, entropy, slopes);
        }
        return new BatchLoss.Value(sums.loss / sums.pairs, sums.pairs, Objects.requireNonNull(labels));
    }

    private void add(Answers answers, double[] policy, double[] reference, Sums sums, double[] slopes) {
        int n = policy.length / 2;
        for (int i = 0; i < n; i++) {
            sums.add(
                    (policy[i] - reference[i]) / divisor(answers, i),
                    (policy[n + i] - reference[n + i]) / divisor(answers, n + i),
                    slopes,
                    i);
        }
        for (int i = 0; i < slopes.length; i++) {
            slopes[i] /= divisor(answers, i);
        }
    }

    private int divisor(Answers answers, int answer) {
        return normalizesLength ? answers.length(answer) : 1;
    }

    private static void requirePairs(int answers) {
        if (answers == 0 || answers % 2 != 0) {
            throw new IllegalArgumentException("a batch of preferences must have 2n answers, n chosen and then n"
                    + " rejected ones, found " + answers + "; create it with Batch.ofPreferences");
        }
    }

    private static double[] reference(@Nullable INDArray labels, int answers) {
        if (labels == null || labels.length() != answers) {
            throw new IllegalArgumentException("labels: must be the log probabilities of the reference for each of the "
                    + answers + " answers, found "
                    + (labels == null ? "none" : Arrays.toString(labels.shape()))
                    + "; create the batch with Batch.ofPreferences");
        }
        return labels.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }

    /** The one formula: sums over the pairs of what {@link Metrics} has as means. */
    private final class Sums {
        private long pairs;
        private long preferred;
        private double loss;
        private double chosenReward;
        private double rejectedReward;

        /**
         * Adds a pair of log ratios.
         *
         * @param slopes gets the derivatives of the mean loss of n pairs {@code [2n]}
         * @param pair the number of the pair
         */
        void add(double chosen, double rejected, double[] slopes, int pair) {
            double z = beta * (chosen - rejected);
            double exponential = Sigmoid.exponential(z);
            int n = slopes.length / 2;
            slopes[pair] = Sigmoid.orZero(beta * Sigmoid.slope(z, 1 - labelSmoothing, exponential) / n);
            slopes[n + pair] = -slopes[pair];
            pairs++;
            preferred += chosen > rejected ? 1 : 0;
            loss += Sigmoid.loss(z, 1 - labelSmoothing, exponential);
            chosenReward += beta * chosen;
            rejectedReward += beta * rejected;
        }

        Metrics metrics() {
            return new Metrics(
                    pairs,
                    loss / pairs,
                    (double) preferred / pairs,
                    (chosenReward - rejectedReward) / pairs,
                    chosenReward / pairs,
                    rejectedReward / pairs);
        }
    }

    /**
     * How far a model prefers the chosen answers of pairs, beside a reference; see {@link PreferenceLoss#evaluate}. The reward of
     * an answer y is {@code β·(log π(y) − log ref(y))}, with both divided by the number of tokens of y if the loss normalizes lengths.
     *
     * @param pairs the number of pairs
     * @param loss the mean loss
     * @param accuracy the share of the pairs whose chosen answer has the greater reward
     * @param margin the mean of the reward of the chosen answer minus that of the rejected one
     * @param chosenReward the mean reward of the chosen answers
     * @param rejectedReward the mean reward of the rejected answers
     */
    public record Metrics(
            long pairs, double loss, double accuracy, double margin, double chosenReward, double rejectedReward) {}

    /**
     * Computes the log probability that a language model gives to an answer, without dropout: the sum of {@code log p} over all
     * tokens after the prompt, its end included. {@link PreferenceLoss} needs those of a reference.
     *
     * <pre>{@code
     * PreferenceLoss.AnswerLogProbabilities reference = new PreferenceLoss.AnswerLogProbabilities(model.base());
     * double[] sums = reference.compute(Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2, 8, 1}).withPrompts(2, 1));
     * }</pre>
     *
     * <p>The model is read at each call, so with an adapter that trains the numbers change. Not thread-safe; several instances
     * can share a model.
     */
    public static final class AnswerLogProbabilities {
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
}
