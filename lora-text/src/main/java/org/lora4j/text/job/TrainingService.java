package org.lora4j.text.job;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.Sha256;
import org.lora4j.internal.threads.BackgroundThread;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextModel;
import org.lora4j.train.DivergedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains adapters in the process that serves them, over the weights that it has. Clients submit jobs; each becomes an adapter in a folder from
 * which it is served.
 *
 * <pre>{@code
 * try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
 *         TextService service =
 *                 TextService.builder(model).adapters(adapters).build();
 *         TrainingService trainings = TrainingService.builder(model, jobs)
 *                 .adapters(adapters, service::refresh)
 *                 .serving(() -> running.get() > 0)
 *                 .share(0.3)
 *                 .build()) {
 *     Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", corrections)
 *             .validation(held)
 *             .serveAs("acme-topics", Promotion.IF_BETTER)
 *             .build());
 *     job.await(Duration.ofMinutes(10));
 *     log.info("{}: {}", job.state(), job.comparisons());
 * }
 * }</pre>
 *
 * <p>All of a job lies in the folder: its data, its settings, its events, and where its training is. A process that is killed loses at most the
 * steps since the last checkpoint. A service that is built on the folder again goes on with all jobs, and their adapters have the same bits
 * as without the interruption.
 *
 * <p>A large job trains alone, with all processors. Small jobs of an encoder train at once, each on a processor of its own, which takes less time
 * in all; each ends with the same bits as alone. Owners take turns; a job that has trained for its turn waits while jobs of others do. While
 * requests run, all trainings together compute for a share of the time, with one thread.
 *
 * <p>Thread-safe.
 */
public final class TrainingService implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TrainingService.class);

    /** A job is small if its rows that train have at most so many bytes. A few steps at once need little memory then. */
    private static final long SMALL_BYTES = 256 << 10;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final TextModel model;
    private final Settings settings;

    /** Its monitor guards all that changes. */
    private final StoredJobs stored;

    private final JobQueue queue;
    private final @Nullable Publication served;
    private final ExecutorService checks;
    private final TrainingTotals totals = new TrainingTotals();
    private final List<Thread> workers = new ArrayList<>();
    private long lastCreated;
    private boolean closing;

    /** What the builder says. */
    private record Settings(Duration checkpointEvery, Duration turn, int atOnce, JobLimits limits) {}

    private TrainingService(Builder builder) throws IOException {
        model = builder.model;
        settings = new Settings(builder.checkpointEvery, builder.turn, builder.atOnce, builder.limits);
        Files.createDirectories(builder.folder);
        stored = StoredJobs.tryOpen(builder.folder, builder.adapters, builder.changed)
                .orElseThrow(() -> new IOException(builder.folder
                        + ": the folder of trainings must be used by one service, found another one that uses it"));
        stored.whenUnchecked(this::check);
        queue = stored.queue();
        served = stored.served();
        List<Job> before = stored.jobs();
        Collections.reverse(before);
        lastCreated = before.stream()
                .mapToLong(job -> job.created().toEpochMilli())
                .max()
                .orElse(0);
        checks = Executors.newSingleThreadExecutor(work -> daemon(new Thread(work, "lora-job-check")));
        TrainingTurns turns = new TrainingTurns(builder.serves, builder.share, totals);
        for (int i = 1; i <= settings.atOnce; i++) {
            TrainingGate gate = new TrainingGate(turns);
            workers.add(daemon(new BackgroundThread(() -> work(gate), "lora-training-" + i, gate::awaitTurn)));
        }
        before.forEach(this::goOn);
        workers.forEach(Thread::start);
    }

    private static Thread daemon(Thread thread) {
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Starts the settings of a service.
     *
     * @param model the model, which stays open while the service is
     * @param folder where all of the jobs lies; it is made if it is not there. One service at a time can use it
     * @return a builder
     */
    public static Builder builder(TextModel model, Path folder) {
        return new Builder(
                Objects.requireNonNull(model, "model must not be null"),
                Objects.requireNonNull(folder, "folder must not be null"));
    }

    // What was there before.

    private void goOn(Job job) {
        try {
            if (job.state() == JobState.RUNNING) {
                stored.transition(job, JobState.QUEUED, "The job goes on after a restart");
            }
            if (job.state() == JobState.QUEUED) {
                synchronized (stored) {
                    queue.add(job);
                }
            } else if (job.state() == JobState.VALIDATING) {
                check(job);
            }
        } catch (IOException e) {
            log.error("the job {} cannot go on", job.id(), e);
        }
    }

    // Jobs for clients.

    /**
     * Returns by which methods the model can be trained.
     *
     * @return the methods that {@link #submit} takes, in the order of the type
     * @throws IOException if a file of the model cannot be read
     */
    public List<JobMethod> methods() throws IOException {
        List<JobMethod> found = new ArrayList<>();
        for (JobMethod method : JobMethod.values()) {
            try {
                Object unused = JobTasks.of(method, model, mostTokens(), null);
                found.add(method);
            } catch (IllegalArgumentException e) {
                log.debug("{} cannot be trained by {}: {}", model.name(), method.text(), e.getMessage());
            }
        }
        return found;
    }

    /**
     * Returns the jobs that train.
     *
     * @return the newest first
     */
    public List<Job> running() {
        return jobs().stream().filter(job -> job.state() == JobState.RUNNING).toList();
    }

    /**
     * Returns what trainings have done since this service was built.
     *
     * @return steps, tokens and times
     */
    public TrainingUse use() {
        return totals.use();
    }

    /**
     * Reads the rows of a request as a job would, and says which are wrong. Nothing is kept of it.
     *
     * @param request what to train; of its validation, too, all rows are read
     * @param stops whether nobody needs the answer any more; asked before each row
     * @return what was found
     * @throws IllegalArgumentException if the model cannot be trained by the method, a file has too many bytes or an unknown ending, or it is
     *     packed and not whole
     * @throws CancellationException if nobody needs the answer
     * @throws IOException if a file cannot be read
     */
    public JobCheck check(JobRequest request, BooleanSupplier stops) throws IOException {
        Objects.requireNonNull(request, "request must not be null");
        Objects.requireNonNull(stops, "stops must not be null");
        JobTask<?> task = JobTasks.of(
                request.method(), model, mostTokens(), request.hyperparameters().beta());
        JobRequest.@Nullable Data held = request.validation();
        for (JobRequest.Data data : held == null ? List.of(request.training()) : List.of(request.training(), held)) {
            Object unused = ending(data.name());
        }
        return new RowCheck<>(task, settings.limits.bytes(), stops).of(request);
    }

    /**
     * Takes a job. Its data are copied before this returns, and read after it.
     *
     * @param request what to train
     * @return the job, which validates its data now
     * @throws JobLimitException if there are as many jobs as the limits allow
     * @throws IllegalArgumentException if the model cannot be trained by the method, a file has too many bytes or an unknown ending, or an
     *     adapter or a job has the name
     * @throws IOException if a file cannot be read or written; nothing is kept of the job then
     * @throws IllegalStateException if the service is closed
     */
    public Job submit(JobRequest request) throws IOException {
        Objects.requireNonNull(request, "request must not be null");
        JobTasks.of(
                request.method(), model, mostTokens(), request.hyperparameters().beta());
        String id = StoredJobs.PREFIX + newId();
        String adapter = request.adapter() == null ? id : request.adapter();
        synchronized (stored) {
            requireRoom(request, adapter);
        }
        Path own = stored.folder().resolve(id);
        Files.createDirectory(own);
        try {
            StoredJob.Data training = copy(request.training(), own, "training");
            JobRequest.@Nullable Data held = request.validation();
            StoredJob.Data validation = held == null ? null : copy(held, own, "validation");
            synchronized (stored) {
                requireRoom(request, adapter);
                lastCreated = Math.max(lastCreated + 1, System.currentTimeMillis());
                StoredJob first = new StoredJob(
                        new StoredJob.Request(
                                id,
                                request.owner(),
                                request.method(),
                                training,
                                validation,
                                adapter,
                                request.serveAs(),
                                request.promotion(),
                                request.hyperparameters(),
                                request.config(),
                                request.seed(),
                                request.properties(),
                                lastCreated),
                        StoredJob.Progress.NEW);
                JobFolder files = new JobFolder(own);
                files.write(first);
                Job job = new Job(stored, files, first);
                stored.add(job);
                job.event(JobEvent.Level.INFO, "Created fine-tuning job: " + id);
                check(job);
                return job;
            }
        } catch (IOException | RuntimeException e) {
            synchronized (stored) {
                stored.remove(id);
            }
            JobFolder.deleteAll(own);
            throw e;
        }
    }

    private static String newId() {
        byte[] bytes = new byte[12];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private int mostTokens() {
        return Math.min(
                settings.limits.tokens(),
                model instanceof DecoderFolder decoder ? decoder.maxLength() : Integer.MAX_VALUE);
    }

    private void requireRoom(JobRequest request, String adapter) {
        if (closing) {
            throw new IllegalStateException("the service of trainings must be open, found it closed");
        }
        List<Job> jobs = stored.jobs();
        if (jobs.size() >= settings.limits.jobs()) {
            throw new JobLimitException("there must be at most " + settings.limits.jobs() + " jobs, found as many");
        }
        long waiting = queue.count(request.owner())
                + jobs.stream()
                        .filter(job -> job.owner().equals(request.owner()))
                        .filter(job -> job.state() == JobState.RUNNING
                                || job.state() == JobState.VALIDATING
                                || job.state() == JobState.PAUSED)
                        .count();
        if (waiting >= settings.limits.waiting()) {
            throw new JobLimitException("there must be at most " + settings.limits.waiting()
                    + " jobs of an owner that have not ended, found as many; wait for some of them, or cancel some");
        }
        boolean isTaken = (served != null && served.has(adapter))
                || jobs.stream().anyMatch(job -> job.adapter().equalsIgnoreCase(adapter));
        if (isTaken) {
            throw new IllegalArgumentException("adapter must be a new name, found one that an adapter or a job has, "
                    + MessageText.quote(adapter));
        }
    }

    /** Copies a file, which somebody may change or delete while the job waits. */
    private StoredJob.Data copy(JobRequest.Data data, Path to, String name) throws IOException {
        long bytes = Files.size(data.file());
        if (bytes > settings.limits.bytes()) {
            throw new IllegalArgumentException(
                    data.name() + " must have at most " + settings.limits.bytes() + " bytes, found " + bytes);
        }
        String own = name + ending(data.name());
        MessageDigest digest = Sha256.begin();
        try (InputStream in = Files.newInputStream(data.file());
                OutputStream out = new DigestOutputStream(Files.newOutputStream(to.resolve(own)), digest)) {
            in.transferTo(out);
        }
        return new StoredJob.Data(own, data.name(), Sha256.end(digest));
    }

    private static final List<String> ENDINGS = List.of(".jsonl", ".csv", ".tsv", ".jsonl.gz", ".csv.gz", ".tsv.gz");

    private static String ending(String name) {
        String small = name.toLowerCase(Locale.ROOT);
        return ENDINGS.stream()
                .filter(small::endsWith)
                .max(Comparator.comparingInt(String::length))
                .orElseThrow(() -> new IllegalArgumentException("the name of a file of rows must end with one of "
                        + ENDINGS + ", found " + MessageText.quote(name)));
    }

    /**
     * Returns a job.
     *
     * @param id its name
     * @return nothing if there is none
     */
    public Optional<Job> job(String id) {
        return stored.job(id);
    }

    /**
     * Returns all jobs.
     *
     * @return the newest first
     */
    public List<Job> jobs() {
        return stored.jobs();
    }

    // The check of the data.

    private void check(Job job) {
        try {
            checks.execute(() -> end(job, () -> validate(job)));
        } catch (RejectedExecutionException e) {
            log.debug("the job {} is checked after the next start", job.id(), e);
        }
    }

    /** What is done for a job. */
    private interface Work {
        void run() throws IOException, JobFailure;
    }

    private void validate(Job job) throws IOException, JobFailure {
        if (job.state() != JobState.VALIDATING) {
            return;
        }
        StoredJob.Request request = job.request();
        StoredJob.@Nullable Data validation = request.validation();
        job.event(
                JobEvent.Level.INFO,
                "Validating training file: " + request.training().name()
                        + (validation == null ? "" : " and validation file: " + validation.name()));
        UsedSettings used = settings(job, task(request));
        synchronized (stored) {
            if (job.state() != JobState.VALIDATING) {
                return;
            }
            job.store(job.progress().checkedAs(used).in(JobState.QUEUED));
            // It may train as soon as the lock is free.
            job.event(JobEvent.Level.INFO, "Files validated, moving job to queued state");
            queue.add(job);
            stored.notifyAll();
        }
    }

    private JobTask<?> task(StoredJob.Request request) throws IOException {
        return JobTasks.of(
                request.method(), model, mostTokens(), request.hyperparameters().beta());
    }

    private <E> UsedSettings settings(Job job, JobTask<E> task) throws IOException, JobFailure {
        StoredJob.Request request = job.request();
        BooleanSupplier stops = () -> isClosing() || job.state() != JobState.VALIDATING;
        try (JobData<E> data = JobData.read(job.folder(), request, task, settings.limits.bytes(), stops)) {
            requireEnough(task, request);
            StoredJob.Data validation = request.validation();
            if (validation != null && data.repeated() > 0) {
                job.event(
                        JobEvent.Level.WARN,
                        data.repeated() + " of the rows of " + validation.name()
                                + " also train, so the numbers of the comparison are too good");
            }
            Hyperparameters asked = request.hyperparameters();
            int rows = data.train().size();
            int batch = Math.min(rows, asked.batchSize() == null ? task.batchSize() : asked.batchSize());
            int epochs = asked.epochs() == null ? task.epochs().of((rows + batch - 1) / batch) : asked.epochs();
            double multiplier = asked.learningRateMultiplier() == null ? 1 : asked.learningRateMultiplier();
            double rate =
                    multiplier * task.rate().forWidth(model.model().config().hiddenSize());
            Double beta = request.method() != JobMethod.DPO
                    ? null
                    : Double.valueOf(asked.beta() == null ? PreferencesJob.BETA : asked.beta());
            return new UsedSettings(
                    epochs,
                    batch,
                    multiplier,
                    rate,
                    beta,
                    rows,
                    data.choosing().size(),
                    data.judging().size());
        }
    }

    private static void requireEnough(JobTask<?> task, StoredJob.Request request) throws IOException, JobFailure {
        try {
            Object unused = task.trainable(request.seed());
        } catch (IllegalArgumentException e) {
            throw JobData.failure(JobData.TRAINING_FILE, request.training().name() + ": " + e.getMessage());
        }
    }

    /** Does something for a job. Whatever goes wrong ends this job alone. */
    private void end(Job job, Work work) {
        try {
            work.run();
        } catch (CancellationException e) {
            log.debug("the rows of the job {} are not checked now", job.id());
        } catch (JobFailure e) {
            fail(job, e.error());
        } catch (DivergedException e) {
            fail(job, new JobError("diverged", String.valueOf(e.getMessage()), null));
        } catch (IOException e) {
            log.error("the job {} failed", job.id(), e);
            fail(job, new JobError("files", "a file of the job could not be read or written", null));
        } catch (OutOfMemoryError e) {
            log.error("the job {} failed", job.id(), e);
            fail(
                    job,
                    new JobError(
                            "out_of_memory", "the job needs more memory than the service has; shorten the rows", null));
        } catch (RuntimeException | Error e) {
            log.error("the job {} failed", job.id(), e);
            fail(job, new JobError("internal", "the job failed by an error of the service", null));
        }
    }

    private void fail(Job job, JobError error) {
        StoredJob.Progress failed;
        synchronized (stored) {
            failed = job.progress().ended(JobState.FAILED, System.currentTimeMillis(), error);
            try {
                job.event(JobEvent.Level.ERROR, error.message());
                job.store(failed);
            } catch (IOException e) {
                // The disk may be full. After a restart the job tries again.
                log.error("the failure of the job {} cannot be stored", job.id(), e);
                job.set(failed);
            }
            stored.notifyAll();
        }
    }

    // The training.

    private void work(TrainingGate gate) {
        while (true) {
            Job job;
            long began;
            synchronized (stored) {
                Optional<Job> next = closing ? Optional.empty() : queue.take(stored.running(), this::mayBegin);
                if (next.isEmpty()) {
                    if (closing) {
                        return;
                    }
                    try {
                        stored.wait();
                    } catch (InterruptedException e) {
                        return;
                    }
                    continue;
                }
                job = next.get();
                stored.begins(job);
                gate.enter();
                long now = System.nanoTime();
                began = now;
                job.begins(() -> mustStop(job, now));
                // Another small one may begin beside it.
                stored.notifyAll();
            }
            end(job, () -> train(job, task(job.request()), gate));
            gate.leave();
            synchronized (stored) {
                queue.spent(job.owner(), System.nanoTime() - began);
                stored.ends(job);
            }
        }
    }

    /** Whether a job can train now: alone, or as a small one beside small ones. */
    private boolean mayBegin(Job next) {
        Set<Job> training = stored.running();
        return training.isEmpty()
                || (training.size() < settings.atOnce
                        && isSmall(next)
                        && training.stream().allMatch(one -> isSmall(one) && !takesNameOf(one, next)));
    }

    private static boolean isSmall(Job job) {
        try {
            return Files.size(job.folder().resolve(job.request().training().file())) <= SMALL_BYTES;
        } catch (IOException e) {
            // It fails when it reads the rows.
            return false;
        }
    }

    /** Whether two jobs want one name. The second one is compared with what the first one has put there. */
    private static boolean takesNameOf(Job one, Job other) {
        String name = one.request().serveAs();
        return name != null && name.equalsIgnoreCase(other.request().serveAs());
    }

    /** Whether a job that trains must stop for another reason than its own. */
    private boolean mustStop(Job job, long began) {
        synchronized (stored) {
            return closing || (System.nanoTime() - began > settings.turn.toNanos() && queue.othersWait(job.owner()));
        }
    }

    private <E> void train(Job job, JobTask<E> task, TrainingGate gate) throws IOException, JobFailure {
        UsedSettings used = Objects.requireNonNull(job.progress().used(), "a job that waits must have been checked");
        synchronized (stored) {
            boolean isFirst = job.progress().started() == null;
            job.store(job.progress().in(JobState.RUNNING).startedAt(System.currentTimeMillis()));
            stored.notifyAll();
            if (isFirst) {
                job.event(JobEvent.Level.INFO, "Fine-tuning job started");
            }
        }
        try (JobData<E> data =
                JobData.read(job.folder(), job.request(), task, settings.limits.bytes(), job::mustStop)) {
            JobTraining<E> training = new JobTraining<>(job, task, data, used, gate, totals);
            requireSameBase(job, training);
            if (training.run(settings.checkpointEvery)) {
                succeed(job, new JobResult<>(job, task, data, training, gate));
            } else {
                stopped(job);
            }
        } catch (CancellationException e) {
            stopped(job);
        }
    }

    private boolean isClosing() {
        synchronized (stored) {
            return closing;
        }
    }

    private void requireSameBase(Job job, JobTraining<?> training) throws IOException, JobFailure {
        String hash = training.baseHash();
        String before = job.progress().base();
        if (before != null && !before.equals(hash)) {
            throw new JobFailure(
                    new JobError(
                            "base_changed",
                            "a job goes on with the weights with which it began, found other ones: the model was replaced",
                            null),
                    null);
        }
        synchronized (stored) {
            job.store(job.progress().on(hash));
        }
    }

    private void stopped(Job job) throws IOException {
        if (job.isToBeCancelled()) {
            synchronized (stored) {
                stored.cancelled(job);
                stored.ends(job);
            }
            job.event(JobEvent.Level.INFO, "The job was cancelled");
            job.folder().deleteState();
        } else if (job.isToBePaused()) {
            synchronized (stored) {
                job.store(job.progress().in(JobState.PAUSED));
                stored.ends(job);
            }
            job.event(JobEvent.Level.INFO, "The job was paused");
        } else {
            synchronized (stored) {
                job.store(job.progress().in(JobState.QUEUED));
                queue.add(job);
                stored.ends(job);
            }
        }
    }

    private void succeed(Job job, JobResult<?> result) throws IOException {
        String second = job.request().serveAs();
        List<JobComparison> comparisons =
                result.compare(served != null && second != null && served.has(second) ? served.adapter(second) : null);
        result.write(comparisons);
        if (served != null) {
            served.put(job.folder().adapter(), job.adapter(), null);
            job.event(JobEvent.Level.INFO, "New fine-tuned model created: " + job.adapter());
            if (second != null && result.takesName(comparisons)) {
                stored.take(job, second, served);
                job.event(JobEvent.Level.INFO, "The adapter is served as " + second);
            }
        }
        synchronized (stored) {
            List<StoredJob.Checkpoint> kept = new ArrayList<>(job.progress().checkpoints());
            result.lastCheckpoint(served == null ? null : job.adapter()).ifPresent(last -> {
                kept.removeIf(one -> one.step() == last.step());
                kept.add(0, last);
            });
            List<StoredJob.Checkpoint> newest = stored.newest(job, kept);
            job.event(JobEvent.Level.INFO, "The job has successfully completed");
            job.store(job.progress()
                    .withCheckpoints(newest)
                    .measured(result.tokens(), comparisons)
                    .ended(JobState.SUCCEEDED, System.currentTimeMillis(), null));
            stored.ends(job);
        }
        job.folder().deleteState();
    }

    /**
     * Stops what trains after its step, and returns when it has stopped. The jobs go on when a service is built on the folder again. The
     * model stays open.
     */
    @Override
    public void close() {
        synchronized (stored) {
            if (closing) {
                return;
            }
            closing = true;
            stored.notifyAll();
        }
        checks.shutdown();
        boolean interrupted = false;
        while (workers.stream().anyMatch(Thread::isAlive) || !checks.isTerminated()) {
            try {
                for (Thread worker : workers) {
                    worker.join();
                }
                boolean unused = checks.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        stored.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Builds a {@link TrainingService}. */
    public static final class Builder {
        private final TextModel model;
        private final Path folder;
        private @Nullable Path adapters;
        private Consumer<String> changed = name -> {};
        private BooleanSupplier serves = () -> false;
        private double share = 0.5;
        private Duration checkpointEvery = Duration.ofSeconds(30);
        private Duration turn = Duration.ofMinutes(5);
        private int atOnce;
        private JobLimits limits = JobLimits.DEFAULT;

        private Builder(TextModel model, Path folder) {
            this.model = model;
            this.folder = folder;
            atOnce = model instanceof DecoderFolder ? 1 : Runtime.getRuntime().availableProcessors();
        }

        /**
         * Sets where adapters of jobs that have succeeded are put to be served, and what is told then.
         *
         * @param served a folder with a sub-folder for each adapter; none by default, so that each stays in the folder of its job
         * @param refresh gets the name of an adapter whose files changed, such as {@code service::refresh} of a
         *     {@link org.lora4j.text.TextService}
         * @return this builder
         */
        public Builder adapters(Path served, Consumer<String> refresh) {
            adapters = Objects.requireNonNull(served, "served must not be null");
            changed = Objects.requireNonNull(refresh, "refresh must not be null");
            return this;
        }

        /**
         * Sets what says whether requests run or wait. A training that computes beside them lets them go first.
         *
         * @param requests is asked before each batch, before each product of matrices, and about 5,000 times a second while a training waits
         * @return this builder
         */
        public Builder serving(BooleanSupplier requests) {
            serves = Objects.requireNonNull(requests, "requests must not be null");
            return this;
        }

        /**
         * Sets how much of the time a training may compute while requests run. While none runs, it computes all the time.
         *
         * @param part above 0 and at most 1; 0.5 by default
         * @return this builder
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder share(double part) {
            if (!(part > 0 && part <= 1)) {
                throw new IllegalArgumentException("share must be above 0 and at most 1, found " + part);
            }
            share = part;
            return this;
        }

        /**
         * Sets how much of a training a process that is killed may lose. There is also a checkpoint after each epoch.
         *
         * @param interval the time between two checkpoints; 30 seconds by default
         * @return this builder
         */
        public Builder checkpointEvery(Duration interval) {
            checkpointEvery = Objects.requireNonNull(interval, "interval must not be null");
            return this;
        }

        /**
         * Sets how long a job trains while jobs of other owners wait.
         *
         * @param longest the time after which it waits too; 5 minutes by default
         * @return this builder
         */
        public Builder turn(Duration longest) {
            turn = Objects.requireNonNull(longest, "longest must not be null");
            return this;
        }

        /**
         * Sets how many small jobs train at once. Each has a thread, and needs the memory of a step. A job is small if the file of its rows
         * that train has at most 256 KiB. Two jobs that want one name are never trained at once.
         *
         * @param most at least 1, which is one job after the other; by default the number of processors for an encoder and 1 for a decoder
         * @return this builder
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder atOnce(int most) {
            if (most < 1) {
                throw new IllegalArgumentException("atOnce must be at least 1, found " + most);
            }
            atOnce = most;
            return this;
        }

        /**
         * Sets how much the service takes.
         *
         * @param most the limits; {@link JobLimits#DEFAULT} by default
         * @return this builder
         */
        public Builder limits(JobLimits most) {
            limits = Objects.requireNonNull(most, "most must not be null");
            return this;
        }

        /**
         * Builds the service, which goes on with the jobs of the folder.
         *
         * @return the service; close it before the model
         * @throws IOException if the folder cannot be used, or another service uses it
         */
        public TrainingService build() throws IOException {
            return new TrainingService(this);
        }
    }
}
