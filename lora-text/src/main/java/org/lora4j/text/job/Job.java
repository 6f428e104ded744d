package org.lora4j.text.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A training that a {@link TrainingService} runs, or that {@link StoredJobs} found in its folder. Any number of threads can use it; each method says what holds at this moment.
 *
 * <p>A job that is asked to stop ends its step before. One that {@link StoredJobs#read} returned is what it was then: its methods that change
 * it, and {@link #await}, throw an {@code IllegalStateException}.
 */
public final class Job {
    /** What somebody wants of a job that trains. */
    private enum Wish {
        NONE,
        PAUSE,
        CANCEL
    }

    private final StoredJobs jobs;
    private final JobFolder folder;
    private final StoredJob.Request request;
    private volatile StoredJob.Progress progress;
    private volatile Wish wish = Wish.NONE;
    private volatile BooleanSupplier turnEnds = () -> false;

    /** The last step, and when this process took its first one. */
    private volatile long step;

    private volatile long firstStep;
    private volatile long firstStepNanos;

    Job(StoredJobs jobs, JobFolder folder, StoredJob stored) {
        this.jobs = jobs;
        this.folder = folder;
        request = stored.request();
        progress = stored.progress();
    }

    JobFolder folder() {
        return folder;
    }

    StoredJob.Request request() {
        return request;
    }

    StoredJob.Progress progress() {
        return progress;
    }

    /** Stores what changed. Called under the lock of the jobs. */
    void store(StoredJob.Progress next) throws IOException {
        folder.write(new StoredJob(request, next));
        progress = next;
    }

    /** The same where the disk may be full: the job is what it is in memory. */
    void set(StoredJob.Progress next) {
        progress = next;
    }

    void event(JobEvent.Level level, String message) throws IOException {
        event(level, message, Map.of());
    }

    void event(JobEvent.Level level, String message, Map<String, Number> metrics) throws IOException {
        folder.events().add(request.id(), Instant.now(), level, message, metrics);
    }

    void stepped(long now) {
        if (firstStepNanos == 0) {
            firstStepNanos = System.nanoTime();
            firstStep = now;
        }
        step = now;
    }

    /** The job trains from now on, until it wants to stop or its turn ends. */
    void begins(BooleanSupplier endOfTurn) {
        turnEnds = endOfTurn;
        wish = Wish.NONE;
        firstStepNanos = 0;
    }

    boolean mustStop() {
        return wish != Wish.NONE || turnEnds.getAsBoolean();
    }

    boolean isToBeCancelled() {
        return wish == Wish.CANCEL;
    }

    boolean isToBePaused() {
        return wish == Wish.PAUSE;
    }

    void epochEnded(JobTraining<?> training, long after, double trainLoss, @Nullable Double validLoss)
            throws IOException {
        jobs.epochEnded(this, training, after, trainLoss, validLoss);
    }

    /**
     * Returns the name of the job.
     *
     * @return a name that no other job has
     */
    public String id() {
        return request.id();
    }

    /**
     * Returns who asked for it.
     *
     * @return the text of the request
     */
    public String owner() {
        return request.owner();
    }

    /**
     * Returns how it trains.
     *
     * @return the method of the request
     */
    public JobMethod method() {
        return request.method();
    }

    /**
     * Returns the name under which the adapter is served once the job has succeeded.
     *
     * @return the name of the request, or that of the job
     */
    public String adapter() {
        return request.adapter();
    }

    /**
     * Returns the second name.
     *
     * @return that of {@link JobRequest.Builder#serveAs}
     */
    public Optional<String> serveAs() {
        return Optional.ofNullable(request.serveAs());
    }

    /**
     * Returns whether the adapter takes the second name.
     *
     * @return when it does
     */
    public Promotion promotion() {
        return request.promotion();
    }

    /**
     * Returns the seed.
     *
     * @return the seed of all random choices
     */
    public long seed() {
        return request.seed();
    }

    /**
     * Returns the numbers of the request.
     *
     * @return those that it says
     */
    public Hyperparameters hyperparameters() {
        return request.hyperparameters();
    }

    /**
     * Returns the texts that the program keeps with the job.
     *
     * @return texts by name
     */
    public Map<String, String> properties() {
        return request.properties();
    }

    /**
     * Returns when it was submitted.
     *
     * @return the time; no two jobs of a service have the same
     */
    public Instant created() {
        return Instant.ofEpochMilli(request.created());
    }

    /**
     * Returns where the job is.
     *
     * @return the state
     */
    public JobState state() {
        return progress.state();
    }

    /**
     * Returns when its first step was taken.
     *
     * @return nothing if none was
     */
    public Optional<Instant> started() {
        return Optional.ofNullable(progress.started()).map(Instant::ofEpochMilli);
    }

    /**
     * Returns when it ended.
     *
     * @return nothing if it has not
     */
    public Optional<Instant> finished() {
        return Optional.ofNullable(progress.finished()).map(Instant::ofEpochMilli);
    }

    /**
     * Returns how it trains.
     *
     * @return nothing before its data were read
     */
    public Optional<UsedSettings> settings() {
        return Optional.ofNullable(progress.used());
    }

    /**
     * Returns the last step of this process.
     *
     * @return its number; 0 if none was taken since the start of the process
     */
    public long step() {
        return step;
    }

    /**
     * Returns about when the job ends, if it goes on as it did.
     *
     * @return nothing unless it trains and has taken two steps in this process
     */
    public Optional<Instant> estimatedFinish() {
        UsedSettings used = progress.used();
        long steps = step - firstStep;
        if (used == null || state() != JobState.RUNNING || firstStepNanos == 0 || steps < 1) {
            return Optional.empty();
        }
        long left = (System.nanoTime() - firstStepNanos) / steps * (used.steps() - step);
        return Optional.of(Instant.now().plusNanos(left));
    }

    /**
     * Returns how many tokens were trained, each as often as it was used.
     *
     * @return nothing before the end of the training
     */
    public OptionalLong trainedTokens() {
        Long tokens = progress.trainedTokens();
        return tokens == null ? OptionalLong.empty() : OptionalLong.of(tokens);
    }

    /**
     * Returns why the job failed.
     *
     * @return nothing if it did not
     */
    public Optional<JobError> error() {
        return Optional.ofNullable(progress.error());
    }

    /**
     * Returns how the adapter compares with others.
     *
     * @return a comparison with the model without it, and one with the adapter that had the second name; none without a validation
     */
    public List<JobComparison> comparisons() {
        return progress.comparisons();
    }

    /**
     * Returns whether the adapter took the second name.
     *
     * @return false after {@link #rollback}
     */
    public boolean isPromoted() {
        return progress.promoted();
    }

    /**
     * Returns the adapters after epochs, of which the last three are kept.
     *
     * @return the latest first
     */
    public List<JobCheckpoint> checkpoints() {
        return progress.checkpoints().stream()
                .map(one -> new JobCheckpoint(
                        one.step(), Instant.ofEpochMilli(one.time()), one.trainLoss(), one.validLoss(), one.adapter()))
                .toList();
    }

    /**
     * Returns what happened.
     *
     * @param after the name of an event, which the page follows; null for the newest events
     * @param limit the most events, at least 1
     * @return the newest first
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if the job has no event of this name
     */
    public List<JobEvent> events(@Nullable String after, int limit) throws IOException {
        return folder.events().latest(after, limit);
    }

    /**
     * Returns what happened after an event.
     *
     * @param last the name of the event; null for all from the first one on
     * @param limit the most events, at least 1
     * @return the oldest first
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if the job has no event of this name
     */
    public List<JobEvent> eventsSince(@Nullable String last, int limit) throws IOException {
        return folder.events().since(last, limit);
    }

    /**
     * Returns the metrics of all steps.
     *
     * @return a CSV file with the columns {@code step}, {@code train_loss}, {@code train_accuracy}, {@code valid_loss} and
     *     {@code valid_mean_token_accuracy}, of which the accuracies are empty; nothing before the first step
     */
    public Optional<Path> metricsFile() {
        return Optional.of(folder.metrics()).filter(Files::exists);
    }

    /**
     * Returns the adapter.
     *
     * @return the folder with its files; nothing unless the job has succeeded
     */
    public Optional<Path> adapterFolder() {
        return state() == JobState.SUCCEEDED ? Optional.of(folder.adapter()) : Optional.empty();
    }

    /**
     * Ends the job. One that trains ends after its step. Its adapters after epochs are deleted.
     *
     * @throws IllegalStateException if it has ended
     * @throws IOException if the state cannot be stored
     */
    public void cancel() throws IOException {
        if (jobs.stop(this, JobState.CANCELLED, "cancelled")) {
            wish = Wish.CANCEL;
        }
    }

    /**
     * Stops the job until {@link #resume}. One that trains stops after its step, from which it goes on later with the same bits.
     *
     * @throws IllegalStateException if it has ended, or is paused
     * @throws IOException if the state cannot be stored
     */
    public void pause() throws IOException {
        if (jobs.stop(this, JobState.PAUSED, "paused") && wish != Wish.CANCEL) {
            wish = Wish.PAUSE;
        }
    }

    /**
     * Lets a paused job wait for its turn again.
     *
     * @throws IllegalStateException if it is not paused
     * @throws IOException if the state cannot be stored
     */
    public void resume() throws IOException {
        jobs.resume(this);
    }

    /**
     * Gives the adapter the second name, whatever it is like.
     *
     * @throws IllegalStateException if the job has not succeeded, or has no second name
     * @throws IOException if files cannot be copied
     */
    public void promote() throws IOException {
        jobs.promote(this);
    }

    /**
     * Gives the second name back to the adapter that had it before; if there was none, nobody has it then.
     *
     * @throws IllegalStateException if the adapter of this job has not the name now
     * @throws IOException if files cannot be copied
     */
    public void rollback() throws IOException {
        jobs.rollback(this);
    }

    /**
     * Takes an adapter of this job away from those that are served. The second name stays what it is, and the job can still be
     * promoted.
     *
     * @param name {@link #adapter}, or that of one of the {@link #checkpoints}; nothing happens if it is not served now
     * @throws IllegalArgumentException if this job has no such name
     * @throws IOException if its files cannot be deleted
     */
    public void withdraw(String name) throws IOException {
        jobs.withdraw(this, Objects.requireNonNull(name, "name must not be null"));
    }

    /**
     * Waits for the end of the job.
     *
     * @param longest how long to wait
     * @return the state then
     * @throws InterruptedException if the thread is interrupted
     */
    public JobState await(Duration longest) throws InterruptedException {
        return jobs.await(this, longest);
    }

    @Override
    public String toString() {
        return id() + " (" + method().text() + ", " + state() + ")";
    }
}
