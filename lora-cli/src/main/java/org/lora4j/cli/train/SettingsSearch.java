package org.lora4j.cli.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/**
 * A search for settings: trainings with other rates, then another dropout, more epochs and a greater rank, each kept if its best
 * validation is better. The examples for the test have no part in it.
 *
 * @param trials each training, in their order; the first has the settings of the command
 * @param isComplete false if the time was over before everything was tried
 */
public record SettingsSearch(List<Trial> trials, boolean isComplete) {
    /** A setting is changed at most so often in the same direction. */
    private static final int MOST_CHANGES = 3;

    /**
     * A training.
     *
     * @param options its settings as options of the command
     * @param loss the best loss of the validation; null if the training diverged
     * @param seconds how long it took
     */
    public record Trial(String options, @Nullable Double loss, double seconds) {
        private double orInfinite() {
            return loss == null ? Double.POSITIVE_INFINITY : loss;
        }
    }

    /** Opens a task anew for each trial. */
    @FunctionalInterface
    public interface Opening {
        /**
         * Opens the model, and reads the examples.
         *
         * @param input with which settings
         * @return the task
         * @throws IOException if a file cannot be read
         */
        CommandTask<?, ?, ?> open(TrainingInput input) throws IOException;
    }

    /**
     * Searches.
     *
     * @param input the settings with which the search begins
     * @param opening opens the task
     * @param time how long the search may take; a training that would probably take longer does not begin, but for the first one
     * @param progress shows each training
     * @return the trials
     * @throws IOException if a file cannot be read, there is no validation, or the task has no steps
     */
    public static SettingsSearch run(TrainingInput input, Opening opening, Duration time, ProgressDisplay progress)
            throws IOException {
        return new Search(input, opening, time, progress).run();
    }

    /**
     * Returns the settings of the best trial.
     *
     * @return options of the command; null if every training diverged
     */
    @JsonProperty
    public @Nullable String suggestion() {
        return trials.stream()
                .filter(trial -> trial.loss() != null)
                .min(Comparator.comparingDouble(Trial::orInfinite))
                .map(Trial::options)
                .orElse(null);
    }

    /**
     * Prints the search.
     *
     * @param out where
     */
    public void print(TextOutput out) {
        double seconds = trials.stream().mapToDouble(Trial::seconds).sum();
        out.line(
                "Nothing was written. The best loss on the validation, in %s of %s:",
                ReportText.count(trials.size(), "training"), ReportText.duration(seconds));
        for (Trial trial : trials) {
            out.fact("%s  %s", trial.loss() == null ? "diverged" : ReportText.fixed(trial.loss(), 4), trial.options());
        }
        if (!isComplete) {
            out.fact("The time was over before everything was tried.");
        }
        String best = suggestion();
        if (best == null) {
            out.line("No settings were found: every training diverged.");
        } else {
            out.line("suggestion: %s", best);
            out.fact(
                    "The least of several losses is a little too good; the report of a training judges on other examples.");
        }
    }

    /** A search that runs. */
    private static final class Search {
        private final TrainingInput input;
        private final Opening opening;
        private final Duration time;
        private final ProgressDisplay progress;
        private final long start = System.nanoTime();
        private final List<Trial> trials = new ArrayList<>();
        private final Set<String> tried = new HashSet<>();
        private boolean isComplete = true;
        private int examples;
        private double least = Double.POSITIVE_INFINITY;

        private Search(TrainingInput input, Opening opening, Duration time, ProgressDisplay progress) {
            this.input = input;
            this.opening = opening;
            this.time = time;
            this.progress = progress;
        }

        private SettingsSearch run() throws IOException {
            TrialSettings best = new TrialSettings(input.plan(), input.config(), input.begin() == null);
            tryOut(best);
            best = change(best, MOST_CHANGES, settings -> settings.withRateTimes(2));
            best = change(best, MOST_CHANGES, settings -> settings.withRateTimes(0.5));
            best = change(best, 1, settings -> settings.withDropout(0.1));
            best = change(best, 1, settings -> settings.withEpochsTimes(2, examples));
            change(best, 1, settings -> settings.withRankTimes(2));
            return new SettingsSearch(List.copyOf(trials), isComplete);
        }

        /** Changes settings while that makes the validation better. */
        private TrialSettings change(TrialSettings from, int most, UnaryOperator<TrialSettings> change)
                throws IOException {
            TrialSettings best = from;
            for (int i = 0; i < most; i++) {
                TrialSettings next = change.apply(best);
                if (tried.contains(next.options()) || !hasTime() || !tryOut(next)) {
                    break;
                }
                best = next;
            }
            return best;
        }

        private boolean hasTime() {
            double passed = (System.nanoTime() - start) / 1e9;
            boolean has = passed + trials.get(trials.size() - 1).seconds() <= time.toMillis() / 1e3;
            isComplete &= has;
            return has;
        }

        /** Trains with settings, and returns whether no others were as good. */
        private boolean tryOut(TrialSettings settings) throws IOException {
            tried.add(settings.options());
            long begin = System.nanoTime();
            OptionalDouble loss;
            try (OpenedFiles opened = new OpenedFiles()) {
                TrainingInput with =
                        new TrainingInput(input.files(), input.data(), settings.config(), settings.plan(), opened);
                CommandTask<?, ?, ?> task = opening.open(with);
                examples = task.train().size();
                loss = new TaskTraining<>(task, with).tryOut(progress);
            }
            double found = loss.orElse(Double.POSITIVE_INFINITY);
            trials.add(new Trial(
                    settings.options(),
                    loss.isPresent() ? loss.getAsDouble() : null,
                    (System.nanoTime() - begin) / 1e9));
            boolean isBetter = found < least;
            least = Math.min(least, found);
            return isBetter;
        }
    }
}
