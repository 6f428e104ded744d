package org.lora4j.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;

/**
 * The logarithms of the probabilities that a model gives to the tokens of a text, each after those before it.
 *
 * @param tokens {@code log p} of each token, base e
 */
public record LogProbabilities(List<Double> tokens) {
    /**
     * Copies the list.
     *
     * @param tokens {@code log p} of each token, base e
     */
    public LogProbabilities {
        tokens = List.copyOf(Objects.requireNonNull(tokens, "tokens must not be null"));
    }

    /**
     * Computes the logarithm of the probability of one token.
     *
     * @param logits the scores zⱼ of all tokens of the vocabulary
     * @param id the number of the token
     * @return {@code log p = z − max z − log Σⱼ exp(zⱼ − max z)}, base e
     * @throws IndexOutOfBoundsException if the vocabulary has no such token
     */
    public static double ofToken(double[] logits, int id) {
        Objects.requireNonNull(logits, "logits must not be null");
        Objects.checkIndex(id, logits.length);
        return ofTokens(logits, id)[0];
    }

    /** The same of several tokens. */
    static double[] ofTokens(double[] logits, int... ids) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - max);
        }
        double largest = max;
        double logSum = Math.log(sum);
        return Arrays.stream(ids)
                .mapToDouble(id -> logits[id] - largest - logSum)
                .toArray();
    }

    /**
     * Returns the logarithm of the probability of the whole text, to compare texts of the same length.
     *
     * @return {@code Σ log p}
     */
    public double sum() {
        return tokens.stream().mapToDouble(Double::doubleValue).sum();
    }

    /**
     * Returns the perplexity, to compare texts of any length. It depends on the tokenizer.
     *
     * @return {@code exp(−Σ log p/n)}, at least 1
     */
    public double perplexity() {
        return Math.exp(-sum() / tokens.size());
    }

    /**
     * The log probabilities of a token and of the most probable tokens in its place. {@code log p = z − max z − log Σⱼ exp(zⱼ − max z)},
     * base e, where zⱼ are the logits that the model computes: {@link GenerationOptions#withLogProbabilities} says what does not change
     * them.
     *
     * <pre>{@code
     * GenerationOptions options = GenerationOptions.sampling(seed).withMaxTokens(20).withLogProbabilities(5);
     * Generation reply = Generator.of(view).generate(prompt, options);
     * double sum = reply.logProbabilities().stream().mapToDouble(step -> step.chosen().logProbability()).sum();
     * }</pre>
     *
     * @param chosen the token. A prompt, a draw or a constraint can have one that is not among the most probable
     * @param rank its place among all tokens of the vocabulary in the order of their probabilities, 1 for the most probable one; of equal
     *     ones that with the smaller id comes first
     * @param top the most probable tokens, in the same order
     */
    public record OfToken(Token chosen, int rank, List<Token> top) {
        /**
         * A token with its log probability.
         *
         * @param id the token
         * @param logProbability {@code log p}, base e
         */
        public record Token(int id, double logProbability) {}

        /**
         * Copies the list.
         *
         * @param chosen the token
         * @param rank its place, from 1 on
         * @param top the most probable tokens
         */
        public OfToken {
            Objects.requireNonNull(chosen, "chosen must not be null");
            top = List.copyOf(Objects.requireNonNull(top, "top must not be null"));
        }

        /**
         * Computes the log probabilities of a step.
         *
         * @param logits those of the model, finite
         * @param count how many of the most probable tokens, at least 0
         */
        static OfToken of(double[] logits, int chosen, int count) {
            List<Integer> ids = new ArrayList<>(largest(logits, count));
            ids.add(chosen);
            double[] logProbabilities = LogProbabilities.ofTokens(
                    logits, ids.stream().mapToInt(Integer::intValue).toArray());
            List<Token> tokens = new ArrayList<>();
            for (int i = 0; i < logProbabilities.length; i++) {
                tokens.add(new Token(ids.get(i), logProbabilities[i]));
            }
            int last = tokens.size() - 1;
            return new OfToken(tokens.get(last), rank(logits, chosen), tokens.subList(0, last));
        }

        private static int rank(double[] logits, int chosen) {
            int before = 0;
            for (int id = 0; id < logits.length; id++) {
                if (logits[id] > logits[chosen] || (logits[id] == logits[chosen] && id < chosen)) {
                    before++;
                }
            }
            return before + 1;
        }

        private static List<Integer> largest(double[] logits, int count) {
            Comparator<Integer> order =
                    Comparator.<Integer>comparingDouble(id -> -logits[id]).thenComparing(Comparator.naturalOrder());
            PriorityQueue<Integer> kept = new PriorityQueue<>(order.reversed());
            for (int id = 0; id < logits.length; id++) {
                if (kept.size() < count) {
                    kept.add(id);
                } else if (count > 0 && logits[id] > logits[kept.element()]) {
                    kept.remove();
                    kept.add(id);
                }
            }
            return kept.stream().sorted(order).toList();
        }
    }
}
