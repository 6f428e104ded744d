package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.report.TextOutput;
import org.lora4j.train.TrainingListener;

/** Shows what happens to a job until it ends: its events as lines, and its steps as progress. */
public final class JobWatch {
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Pattern STEP = Pattern.compile("Step (\\d+)/(\\d+): training loss=(.*)");

    private final JobsClient client;
    private final String id;
    private final TextOutput out;
    private final ProgressDisplay progress;
    private String last = "";

    /**
     * Creates a watch.
     *
     * @param client asks the server
     * @param id the name of the job
     * @param out where events are printed
     * @param progress shows the steps
     */
    public JobWatch(JobsClient client, String id, TextOutput out, ProgressDisplay progress) {
        this.client = client;
        this.id = id;
        this.out = out;
        this.progress = progress;
    }

    /** A step of the training. */
    private record Step(long number, long all, double loss) {
        static @Nullable Step of(String message) {
            Matcher step = STEP.matcher(message);
            return step.matches()
                    ? new Step(Long.parseLong(step.group(1)), Long.parseLong(step.group(2)), parse(step.group(3)))
                    : null;
        }

        private static double parse(String loss) {
            try {
                return Double.parseDouble(loss);
            } catch (NumberFormatException e) {
                return Double.NaN;
            }
        }
    }

    /**
     * Watches until the job ends.
     *
     * @return the job then
     * @throws IOException if the server cannot be reached, or has no such job of the client
     * @throws InterruptedException if the thread is interrupted
     */
    public JobLine awaitEnd() throws IOException, InterruptedException {
        JobLine job = client.job(id);
        Step first = news();
        while (!job.hasEnded() && first == null) {
            Thread.sleep(PAUSE.toMillis());
            job = client.job(id);
            first = news();
        }
        return job.hasEnded() || first == null ? job : train(first);
    }

    /** Prints the new events, and returns the last step among them. */
    private @Nullable Step news() throws IOException, InterruptedException {
        Step step = null;
        for (JsonNode event : client.events(id, last)) {
            last = event.path("id").asText();
            String message = event.path("message").asText();
            Step trained = Step.of(message);
            if (trained == null) {
                out.line(
                        "%s  %s", Instant.ofEpochSecond(event.path("created_at").asLong()), message);
            } else {
                step = trained;
            }
        }
        return step;
    }

    private JobLine train(Step first) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        AtomicReference<@Nullable InterruptedException> interrupted = new AtomicReference<>();
        Optional<JobLine> end;
        try {
            end = progress.show("training", first.all(), listener -> {
                try {
                    return Optional.of(train(first, begin, listener));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                } catch (InterruptedException e) {
                    interrupted.set(e);
                    return Optional.empty();
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        InterruptedException interruption = interrupted.get();
        if (interruption != null) {
            throw interruption;
        }
        Step unused = news();
        return end.orElseThrow();
    }

    private JobLine train(Step first, long begin, TrainingListener listener) throws IOException, InterruptedException {
        Step step = first;
        JobLine job = client.job(id);
        while (!job.hasEnded()) {
            if (step != null) {
                double perSecond = (step.number() - first.number()) / Math.max(1e-9, (System.nanoTime() - begin) / 1e9);
                listener.onIteration(
                        new TrainingListener.Iteration(step.number(), 1, 1, step.loss(), step.loss(), perSecond));
            }
            Thread.sleep(PAUSE.toMillis());
            job = client.job(id);
            step = news();
        }
        return job;
    }
}
