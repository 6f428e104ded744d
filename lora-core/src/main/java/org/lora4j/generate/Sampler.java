package org.lora4j.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Chooses the tokens of one generation. */
final class Sampler {
    private final GenerationOptions options;
    private final SplittableRandom random;

    /** How often each token is in the output. */
    private final Map<Integer, Integer> counts = new HashMap<>();

    Sampler(GenerationOptions options) {
        this.options = options;
        random = new SplittableRandom(options.seed());
    }

    /**
     * Chooses a token.
     *
     * @param logits the logits of all tokens, which are overwritten
     * @param seen the tokens of the prompt and the output
     */
    int choose(double[] logits, BitSet seen) {
        if (options.temperature() == 0) {
            penalize(logits, seen);
            return largest(logits);
        }
        toProbabilities(logits, seen);
        double sum = Arrays.stream(logits).sum();
        double rest = random.nextDouble() * sum;
        int last = 0;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] > 0) {
                last = id;
                rest -= logits[id];
                if (rest < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /** Makes logits the probabilities that a token is drawn from, which add up to 1. */
    void toProbabilities(double[] logits, BitSet seen) {
        penalize(logits, seen);
        double max = logits[largest(logits)];
        double least =
                options.topK() > 0 && options.topK() < logits.length ? kthLargest(logits) : Double.NEGATIVE_INFINITY;
        double sum = 0;
        for (int id = 0; id < logits.length; id++) {
            // Without the largest first, a low temperature would overflow.
            logits[id] = logits[id] < least ? 0 : Math.exp((logits[id] - max) / options.temperature());
            sum += logits[id];
        }
        scale(logits, sum);
        keepTopP(logits);
        double bound = options.minP() * logits[largest(logits)];
        sum = 0;
        for (int id = 0; id < logits.length; id++) {
            logits[id] = logits[id] < bound ? 0 : logits[id];
            sum += logits[id];
        }
        scale(logits, sum);
    }

    /** Passes over the draw of a token that needs none. So each token has its own draw, whatever is allowed before it. */
    void skip() {
        double unused = random.nextDouble();
    }

    /** Notes a token of the output. */
    void accept(int id) {
        counts.merge(id, 1, Integer::sum);
    }

    private void penalize(double[] logits, BitSet seen) {
        options.logitBias().forEach((id, bias) -> logits[id] += bias);
        double penalty = options.repetitionPenalty();
        if (penalty != 1) {
            seen.stream().forEach(id -> logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty);
        }
        double frequency = options.frequencyPenalty();
        double presence = options.presencePenalty();
        if (frequency != 0 || presence != 0) {
            counts.forEach((id, count) -> logits[id] -= count * frequency + presence);
        }
    }

    private static int largest(double[] x) {
        int best = 0;
        for (int i = 1; i < x.length; i++) {
            if (x[i] > x[best]) {
                best = i;
            }
        }
        return best;
    }

    private double kthLargest(double[] x) {
        double[] sorted = x.clone();
        Arrays.sort(sorted);
        return sorted[x.length - options.topK()];
    }

    private static void scale(double[] x, double sum) {
        for (int i = 0; i < x.length; i++) {
            x[i] /= sum;
        }
    }

    /** Keeps the smallest set of the largest probabilities whose sum reaches p; of equal ones those of the first tokens. */
    private void keepTopP(double[] p) {
        double wanted = options.topP();
        if (wanted >= 1) {
            return;
        }
        // All that are smaller than this add up to less than what may be left out, so they need not be sorted.
        double negligible = (1 - wanted) / p.length / 2;
        double[] sorted =
                Arrays.stream(p).filter(one -> one >= negligible).sorted().toArray();
        int next = sorted.length;
        double sum = 0;
        while (next > 0 && sum < wanted) {
            next--;
            sum += sorted[next];
        }
        double least = sorted[next];
        long equal = 0;
        for (int i = next; i < sorted.length && sorted[i] == least; i++) {
            equal++;
        }
        for (int id = 0; id < p.length; id++) {
            boolean isEqual = p[id] == least;
            if (p[id] < least || (isEqual && equal == 0)) {
                p[id] = 0;
            } else if (isEqual) {
                equal--;
            }
        }
    }
}
