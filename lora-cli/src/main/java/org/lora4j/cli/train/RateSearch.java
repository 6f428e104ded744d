package org.lora4j.cli.train;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.DivergedException;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * A search for the learning rate: a few steps with rates that grow, as in <a
 * href="https://arxiv.org/abs/1506.01186">arXiv:1506.01186</a>, section 3.3.
 *
 * @param trials each step
 * @param suggestion a tenth of the rate with the lowest loss: there the loss still falls
 */
public record RateSearch(List<Trial> trials, double suggestion) {
    private static final int STEPS = 60;
    private static final double FIRST = 1e-6;
    private static final double LAST = 1e-1;

    /** Each step counts so much less than the next one. */
    private static final double SMOOTHING = 0.8;

    /** The search ends when the loss is so many times the lowest. */
    private static final double TOO_HIGH = 4;

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
        Growth rates = new Growth(FIRST, LAST);
        TrainingHistory history = new TrainingHistory();
        try {
            training.tryOut(new AdamW(rates, training.plan().weightDecay()), STEPS, batches, history);
        } catch (DivergedException e) {
            // The rates before it are what was looked for.
        }
        return of(history.losses(), rates);
    }

    private static RateSearch of(List<Double> losses, ISchedule rates) {
        List<Trial> trials = new ArrayList<>();
        Trial best = new Trial(FIRST, Double.POSITIVE_INFINITY);
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < losses.size(); i++) {
            sum = SMOOTHING * sum + (1 - SMOOTHING) * losses.get(i);
            weights = SMOOTHING * weights + (1 - SMOOTHING);
            Trial trial = new Trial(rates.valueAt(i, 0), sum / weights);
            if (!Double.isFinite(trial.loss()) || trial.loss() > TOO_HIGH * best.loss()) {
                break;
            }
            trials.add(trial);
            best = trial.loss() < best.loss() ? trial : best;
        }
        return new RateSearch(trials, best.rate() / 10);
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
        out.line("suggestion: --rate %.1e", suggestion);
    }
}
