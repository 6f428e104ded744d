package org.lora4j.text.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.train.BaseHash;
import org.lora4j.text.train.TrainableTask;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingState;
import org.lora4j.train.Validation;
import org.lora4j.train.ValidationResult;

/** The training of a job, from its first step or from its last checkpoint on. One thread uses it. */
final class JobTraining<E> {
    private static final String TRAINED = "adapter";
    private static final double WARMUP = 0.1;
    private static final double WEIGHT_DECAY = 0.01;
    private static final double CLIP = 1;

    private final Job job;
    private final JobTask<E> task;
    private final TrainableTask<E, ?> trainable;
    private final JobData<E> data;
    private final UsedSettings used;
    private final TrainingGate gate;
    private final TrainingTotals totals;
    private final LoRAModel model;
    private final AdapterView adapter;
    private long tokens;
    private TrainingListener.@Nullable Iteration lastStep;
    private @Nullable Double lastValidation;

    JobTraining(Job job, JobTask<E> task, JobData<E> data, UsedSettings used, TrainingGate gate, TrainingTotals totals)
            throws IOException {
        this.job = job;
        this.task = task;
        this.data = data;
        this.used = used;
        this.gate = gate;
        this.totals = totals;
        StoredJob.Request request = job.request();
        trainable = task.trainable(request.seed());
        model = LoRAModel.of(trainable.network());
        adapter = model.add(TRAINED, trainable.config(request.config().config(request.seed())));
    }

    AdapterView adapter() {
        return adapter;
    }

    TrainableTask<E, ?> trainable() {
        return trainable;
    }

    /** Adds another adapter beside the one that trains, to be compared with it. */
    AdapterView add(String name, SavedAdapter saved) throws IOException {
        return model.add(name, saved.adapter(model.network()));
    }

    /** The last step; empty if there was none. */
    Optional<TrainingListener.Iteration> last() {
        return Optional.ofNullable(lastStep);
    }

    /** The loss of the last validation; null if there was none. */
    @Nullable
    Double lastValidation() {
        return lastValidation;
    }

    /** The tokens of all batches so far, also of those before a restart. */
    long tokens() {
        return tokens;
    }

    /** Returns a hash of the weights that the adapter adapts. */
    String baseHash() throws IOException {
        return BaseHash.of(adapter, trainable.network());
    }

    /**
     * Trains.
     *
     * @param checkpointEvery the time between two checkpoints
     * @return whether the training is at its end; false if the job asked it to stop
     */
    boolean run(Duration checkpointEvery) throws IOException {
        boolean hasSteps = task.begin(
                adapter,
                data.train(),
                job.request().hyperparameters().epochs() != null,
                job.request().seed());
        if (!hasSteps) {
            task.end(adapter, data.choosing());
            return true;
        }
        TrainingState state = job.folder().readState();
        Progress progress = new Progress(checkpointEvery, state == null ? 0 : state.epochs());
        job.folder().cutMetrics(state == null ? 0 : state.iteration());
        Trainer.Builder trainer = Trainer.builder(adapter)
                .loss(trainable.loss())
                .updater(new AdamW(rates(), WEIGHT_DECAY))
                .epochs(used.epochs())
                .clipNorm(CLIP)
                .listener(progress)
                .checkpointWhen(progress::isCheckpointDue, progress::store)
                .stopWhen(job::mustStop);
        if (state != null) {
            trainer.resume(state);
        }
        if (!data.choosing().isEmpty()) {
            trainer.validation(validation());
        }
        try {
            TrainingResult result = trainer.build().fit(gate.through(counted()));
            progress.writeRow();
            boolean isAtEnd = result.stopReason() != TrainingResult.StopReason.STOPPED;
            if (isAtEnd) {
                task.end(adapter, gate.through(data.choosing()));
            }
            return isAtEnd;
        } catch (UncheckedIOException e) {
            throw Objects.requireNonNull(e.getCause(), "an unchecked exception must have a cause");
        }
    }

    private LinearWarmupSchedule rates() {
        int steps = used.steps();
        return new LinearWarmupSchedule(used.learningRate(), (int) (WARMUP * steps), steps);
    }

    /** What the adapter does before the first step is an answer too. */
    private Validation validation() {
        List<E> choosing = data.choosing();
        int size = used.batchSize();
        Iterable<Batch> batches = () -> IntStream.iterate(0, from -> from < choosing.size(), from -> from + size)
                .mapToObj(from -> trainable.batch(choosing.subList(from, Math.min(choosing.size(), from + size))))
                .iterator();
        return trainable.validation(gate.through(batches)).withStart();
    }

    private Iterable<Batch> counted() {
        List<E> train = data.train();
        Function<int[], Batch> source = indices -> {
            List<E> some = new ArrayList<>();
            for (int index : indices) {
                some.add(train.get(index));
            }
            Batch batch = trainable.batch(some);
            int ofBatch = ((Sequences) batch.input()).tokens();
            tokens += ofBatch;
            totals.read(ofBatch);
            return batch;
        };
        long seed = job.request().seed();
        return trainable
                .distinctTexts()
                .<Iterable<Batch>>map(texts -> EpochBatches.distinct(
                        train.size(), used.batchSize(), seed, i -> texts.apply(train.get(i)), source))
                .orElseGet(() -> new EpochBatches(train.size(), used.batchSize(), seed, source));
    }

    /** Measures the adapter beside something else on the rows that judge. */
    JobComparison compare(String with, Scores of, Scores others) {
        return new JobComparison(with, of.metric(), of.each().size(), of.value(), others.value(), of.against(others));
    }

    /** Tells the job of each step, and stores where the training is. */
    private final class Progress implements TrainingListener {
        private final long interval;
        private long stored = System.nanoTime();
        private int epochs;
        private boolean epochEnded;
        private @Nullable Iteration last;
        private @Nullable Double validLoss;

        Progress(Duration checkpointEvery, int epochs) {
            interval = checkpointEvery.toNanos();
            this.epochs = epochs;
        }

        @Override
        public void onIteration(Iteration iteration) {
            try {
                writeRow();
                last = iteration;
                lastStep = iteration;
                Map<String, Number> metrics = new LinkedHashMap<>();
                metrics.put("step", iteration.iteration());
                metrics.put("total_steps", used.steps());
                metrics.put("train_loss", iteration.loss());
                job.stepped(iteration.iteration());
                totals.stepped();
                job.event(
                        JobEvent.Level.INFO,
                        "Step " + iteration.iteration() + "/" + used.steps() + ": training loss="
                                + String.format(Locale.ROOT, "%.4f", iteration.loss()),
                        metrics);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void onEpoch(int epoch, Iteration step) {
            epochs = epoch;
            epochEnded = true;
        }

        @Override
        public void onValidation(ValidationResult result) {
            Iteration of = last;
            if (of == null) {
                return;
            }
            try {
                validLoss = result.value();
                lastValidation = result.value();
                job.event(
                        JobEvent.Level.INFO,
                        "Step " + of.iteration() + "/" + used.steps() + ": validation loss="
                                + String.format(Locale.ROOT, "%.4f", result.value()),
                        Map.of(
                                "step", of.iteration(),
                                "total_steps", used.steps(),
                                "train_loss", of.loss(),
                                "valid_loss", result.value()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Writes the row of the last step, once it is known whether a validation follows it. */
        void writeRow() throws IOException {
            Iteration step = last;
            if (step != null) {
                job.folder().addMetrics(step.iteration(), step.loss(), validLoss);
                last = null;
                validLoss = null;
            }
        }

        boolean isCheckpointDue() {
            // Nothing could go on after the last step. The adapter itself follows.
            return epochs < used.epochs() && (epochEnded || System.nanoTime() - stored >= interval);
        }

        void store(TrainingState state) throws IOException {
            Iteration step = Objects.requireNonNull(last, "a checkpoint must follow a step");
            writeRow();
            if (epochEnded) {
                // Before the state: a job that goes on behind this step must have the adapter of the epoch.
                epochEnded = false;
                job.epochEnded(JobTraining.this, step.iteration(), step.runningLoss(), lastValidation);
            }
            job.folder().writeState(state);
            stored = System.nanoTime();
        }
    }
}
