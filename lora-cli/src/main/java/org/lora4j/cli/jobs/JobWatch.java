package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.report.TextOutput;
import org.lora4j.train.TrainingListener;

/** Follows a job until it has ended, and shows its steps as a training of this process shows them. */
public final class JobWatch {
    private static final int SMOOTHED = 100;

    private final JobSource source;
    private final ProgressDisplay display;
    private final TextOutput out;

    /**
     * Creates the watch.
     *
     * @param display shows the steps
     * @param out gets what happens beside them
     */
    public JobWatch(JobSource source, ProgressDisplay display, TextOutput out) {
        this.source = source;
        this.display = display;
        this.out = out;
    }

    /**
     * Follows a job.
     *
     * @param id its name
     * @return the job at its end
     * @throws IOException if there is none, or it cannot be followed any more
     */
    public JsonNode follow(String id) throws IOException {
        try (JobEvents events = source.events(id)) {
            JsonNode job = source.job(id);
            JobText.line(out, job);
            JsonNode event = events.next();
            while (event != null) {
                if (isStep(event)) {
                    event = steps(event, events);
                } else {
                    out.fact("%s", JobText.text(event, "message"));
                    event = events.next();
                }
            }
        } catch (UncheckedIOException e) {
            throw Objects.requireNonNull(e.getCause(), "an unchecked exception must have a cause");
        }
        JsonNode end = source.job(id);
        JobText.line(out, end);
        return end;
    }

    /** Whether an event is a step, and not the validation after one, which says its number too. */
    private static boolean isStep(JsonNode event) {
        JsonNode data = event.path("data");
        return data.path("step").isNumber() && !data.has("valid_loss");
    }

    private static boolean isValidation(JsonNode event) {
        return event.path("data").has("valid_loss");
    }

    /** Shows steps until something else happens, which is returned; null if nothing does. */
    private @Nullable JsonNode steps(JsonNode first, JobEvents events) {
        long done = first.path("data").path("step").asLong() - 1;
        long all = Math.max(1, first.path("data").path("total_steps").asLong());
        JsonNode[] other = new JsonNode[1];
        boolean unused = display.show("training", done, all, listener -> {
            Steps steps = new Steps(listener, done);
            JsonNode event = first;
            while (event != null && (isStep(event) || isValidation(event))) {
                if (isStep(event)) {
                    steps.show(event.path("data"));
                }
                event = next(events);
            }
            other[0] = event;
            return true;
        });
        return other[0];
    }

    private static @Nullable JsonNode next(JobEvents events) {
        try {
            return events.next();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes steps of events. How many examples a step has is not said, so one is counted. */
    private static final class Steps {
        private final TrainingListener listener;
        private final long done;
        private final long start = System.nanoTime();
        private final Deque<Double> losses = new ArrayDeque<>();

        Steps(TrainingListener listener, long done) {
            this.listener = listener;
            this.done = done;
        }

        void show(JsonNode data) {
            long step = data.path("step").asLong();
            double loss = data.path("train_loss").asDouble();
            losses.add(loss);
            if (losses.size() > SMOOTHED) {
                losses.remove();
            }
            double mean =
                    losses.stream().mapToDouble(Double::doubleValue).average().orElse(loss);
            double seconds = Math.max(1, System.nanoTime() - start) / 1e9;
            listener.onIteration(new TrainingListener.Iteration(step, 1, 1, loss, mean, (step - done) / seconds));
        }
    }
}
