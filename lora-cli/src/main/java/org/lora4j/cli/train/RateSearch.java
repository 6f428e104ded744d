package org.lora4j.cli.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.report.TextOutput;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.DivergedException;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * A search for the learning rate: a few steps with rates that grow, as in <a
 * href="https://arxiv.org/abs/1506.01186">arXiv:1506.01186</a>, section 3.3.
 *
 * @param trials each step
 * @param suggestion a tenth of the rate with the lowest loss: there the loss still falls; null if the loss does not fall clearly
 *     below that of the first steps, whose rates are too small to learn anything
 */
public record RateSearch(List<Trial> trials, @Nullable Double suggestion) {
    private static final int STEPS = 60;
    private static final double FIRST = 1e-6;
    private static final double LAST = 1e-1;

    /** Each step counts so much less than the next one. */
    private static final double SMOOTHING = 0.8;

    /** The search ends when the loss is so many times the lowest. */
    private static final double TOO_HIGH = 4;

    /** The steps whose rates are too small: the last of them is 6e-6. */
    private static final int BEFORE = 10;

    /** A loss is clearly lower if it is so many standard errors below the mean of the first ones. */
    private static final double CLEAR = 5;

    /** And by this part of it, also if there is no noise. */
    private static final double SMALLEST = 1e-3;

    /**
     * A step.
     *
     * @param rate the learning rate
     * @param loss the loss, as a mean in which earlier steps count less and less
     */
    public record Trial(double rate, double loss) {}

    /** Rates that grow by the same factor from step to step. */
    private record Growth(double first, double last) implements ISchedule {
        @Override
        public double valueAt(int iteration, int epoch) {
            return first * Math.pow(last / first, (double) iteration / (STEPS - 1));
        }

        @Override
        public ISchedule clone() {
            return this;
        }
    }

    /** Searches. The adapter of the training is of no use then. */
    static RateSearch run(TextTraining training, Iterable<Batch> batches) {
        TrainingHistory history = new TrainingHistory();
        try {
            training.tryOut(new AdamW(new Growth(FIRST, LAST), training.plan().weightDecay()), STEPS, batches, history);
        } catch (DivergedException e) {
            // The rates before it are what was looked for.
        }
        return of(history.losses());
    }

    /** Looks for the rate in the losses of all steps. */
    static RateSearch of(List<Double> losses) {
        ISchedule rates = new Growth(FIRST, LAST);
        List<Trial> trials = new ArrayList<>();
        double sum = 0;
        double weights = 0;
        double lowest = Double.POSITIVE_INFINITY;
        for (int i = 0; i < losses.size(); i++) {
            sum = SMOOTHING * sum + (1 - SMOOTHING) * losses.get(i);
            weights = SMOOTHING * weights + (1 - SMOOTHING);
            Trial trial = new Trial(rates.valueAt(i, 0), sum / weights);
            if (!Double.isFinite(trial.loss()) || trial.loss() > TOO_HIGH * lowest) {
                break;
            }
            trials.add(trial);
            lowest = Math.min(lowest, trial.loss());
        }
        return new RateSearch(trials, suggestion(losses, trials));
    }

    private static @Nullable Double suggestion(List<Double> losses, List<Trial> trials) {
        if (trials.size() <= BEFORE) {
            return null;
        }
        Trial best = Collections.min(trials.subList(BEFORE, trials.size()), Comparator.comparingDouble(Trial::loss));
        int steps = Math.min(Math.max(trials.indexOf(best) + 1, 2 * BEFORE), trials.size());
        return isClear(losses.subList(0, steps), best.loss()) ? best.rate() / 10 : null;
    }

    /**
     * Whether a mean is clearly lower than the first losses. The variance of a loss is half the mean square of the differences
     * between neighbours, which a slow fall hardly changes; that of the running mean is (1 - s) / (1 + s) of it.
     */
    private static boolean isClear(List<Double> losses, double lowest) {
        double mean = losses.subList(0, BEFORE).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
        double squares = 0;
        for (int i = 1; i < losses.size(); i++) {
            squares += Math.pow(losses.get(i) - losses.get(i - 1), 2);
        }
        double variance = squares / (losses.size() - 1) / 2;
        double error = Math.sqrt(variance / BEFORE + variance * (1 - SMOOTHING) / (1 + SMOOTHING));
        return mean - lowest > Math.max(CLEAR * error, SMALLEST * Math.abs(mean));
    }

    /**
     * Prints the search.
     *
     * @param out where
     */
    public void print(TextOutput out) {
        out.line("Nothing was written. The loss of steps with growing rates:");
        for (int i = 0; i < trials.size(); i += 3) {
            out.fact("%.1e  %.4f", trials.get(i).rate(), trials.get(i).loss());
        }
        if (suggestion == null) {
            out.line(
                    "No rate was found: the loss did not fall clearly below that of the first steps. Take larger batches or"
                            + " more texts, or the default rate.");
        } else {
            out.line("suggestion: --rate %.1e", suggestion);
        }
    }
}
