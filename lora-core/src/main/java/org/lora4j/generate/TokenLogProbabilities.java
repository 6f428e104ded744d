package org.lora4j.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;

/**
 * The log probabilities of a new token and of the most probable tokens in its place. {@code log p = z − max z − log Σⱼ exp(zⱼ − max z)},
 * base e, where zⱼ are the logits that the model computes: {@link GenerationOptions#withLogProbabilities} says what does not change
 * them.
 *
 * <pre>{@code
 * GenerationOptions options = GenerationOptions.sampling(seed).withMaxTokens(20).withLogProbabilities(5);
 * Generation reply = Generator.of(view).generate(prompt, options);
 * double sum = reply.logProbabilities().stream().mapToDouble(step -> step.chosen().logProbability()).sum();
 * }</pre>
 *
 * @param chosen the new token. A draw or a constraint can choose one that is not among the most probable
 * @param top the most probable tokens, the most probable first; of equal ones that with the smaller id
 */
public record TokenLogProbabilities(Token chosen, List<Token> top) {
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
     * @param chosen the new token
     * @param top the most probable tokens
     */
    public TokenLogProbabilities {
        Objects.requireNonNull(chosen, "chosen must not be null");
        top = List.copyOf(Objects.requireNonNull(top, "top must not be null"));
    }

    /**
     * Computes the log probabilities of a step.
     *
     * @param logits those of the model, finite
     * @param count how many of the most probable tokens, at least 0
     */
    static TokenLogProbabilities of(double[] logits, int chosen, int count) {
        List<Integer> ids = new ArrayList<>(largest(logits, count));
        ids.add(chosen);
        double[] logProbabilities = LogProbabilities.ofTokens(
                logits, ids.stream().mapToInt(Integer::intValue).toArray());
        List<Token> tokens = new ArrayList<>();
        for (int i = 0; i < logProbabilities.length; i++) {
            tokens.add(new Token(ids.get(i), logProbabilities[i]));
        }
        int last = tokens.size() - 1;
        return new TokenLogProbabilities(tokens.get(last), tokens.subList(0, last));
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
