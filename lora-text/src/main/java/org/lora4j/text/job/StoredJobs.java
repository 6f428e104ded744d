package org.lora4j.text.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.MessageText;
import org.lora4j.io.internal.FolderLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of a folder, for programs that look at them or change them and train nothing. A {@link TrainingService} trains them.
 *
 * <p>{@link #read} and {@link #readJob} say what lies in the folder at this moment, also while a service trains there; such jobs cannot be
 * changed. {@link #tryOpen} takes the folder, so that jobs can be cancelled, paused, resumed, promoted and rolled back; the next service
 * that is built on it goes on with what they are then.
 *
 * <p>Thread-safe.
 */
public final class StoredJobs implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StoredJobs.class);

    static final String PREFIX = "ftjob-";
    private static final Pattern ID = Pattern.compile(PREFIX + "[0-9a-f]{1,64}");
    private static final String LOCK = "trainings.lock";

    /** So many adapters after epochs are kept of a job. */
    private static final int KEPT_EPOCHS = 3;

    private final Path folder;

    /** Null if the jobs were only read. */
    private final @Nullable FolderLock lock;

    private @Nullable Publication served;
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private final JobQueue queue = new JobQueue();
    private Consumer<Job> check = job -> {};
    private final Map<Job, Thread> running = new LinkedHashMap<>();
    private boolean closed;

    private StoredJobs(Path folder, @Nullable FolderLock lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * Reads the jobs as they are now.
     *
     * @param folder the folder of a {@link TrainingService}, which may use it now
     * @return the newest first; none if the folder is empty. Methods that change one throw an {@code IllegalStateException}
     * @throws IOException if the folder cannot be read
     */
    public static List<Job> read(Path folder) throws IOException {
        StoredJobs found = new StoredJobs(folder, null);
        found.readAll();
        return found.jobs();
    }

    /**
     * Reads a job as it is now.
     *
     * @param folder as in {@link #read}
     * @param id the name of the job
     * @return nothing if there is none. Methods that change it throw an {@code IllegalStateException}
     * @throws IOException if its files cannot be read
     */
    public static Optional<Job> readJob(Path folder, String id) throws IOException {
        Path own = folder.resolve(ID.matcher(id).matches() ? id : PREFIX);
        return Files.exists(own.resolve(JobFolder.JOB))
                ? Optional.of(new StoredJobs(folder, null).job(own))
                : Optional.empty();
    }

    /**
     * Takes a folder, which nobody else can use until this is closed.
     *
     * @param folder the folder of a {@link TrainingService}, which must exist
     * @return nothing if a service uses it now. No job can be promoted or rolled back
     * @throws IOException if the folder cannot be read
     */
    public static Optional<StoredJobs> tryOpen(Path folder) throws IOException {
        return tryOpen(folder, null, name -> {});
    }

    /**
     * Takes a folder and that of its adapters.
     *
     * @param folder as in {@link #tryOpen(Path)}
     * @param adapters where its adapters are served, as in {@link TrainingService.Builder#adapters}
     * @return nothing if a service uses the folder now
     * @throws IOException if a folder cannot be read
     */
    public static Optional<StoredJobs> tryOpen(Path folder, Path adapters) throws IOException {
        return tryOpen(folder, Objects.requireNonNull(adapters, "adapters must not be null"), name -> {});
    }

    static Optional<StoredJobs> tryOpen(Path folder, @Nullable Path adapters, Consumer<String> changed)
            throws IOException {
        Optional<FolderLock> lock = FolderLock.tryTake(folder, LOCK);
        if (lock.isEmpty()) {
            return Optional.empty();
        }
        StoredJobs taken = new StoredJobs(folder, lock.get());
        try {
            taken.served = adapters == null ? null : new Publication(adapters, changed);
            taken.readAll();
            return Optional.of(taken);
        } catch (IOException | RuntimeException e) {
            taken.close();
            throw e;
        }
    }

    private void readAll() throws IOException {
        List<Job> found = new ArrayList<>();
        try (Stream<Path> folders = Files.list(folder)) {
            for (Path one : folders.filter(Files::isDirectory).toList()) {
                if (!String.valueOf(one.getFileName()).startsWith(PREFIX)) {
                    continue;
                }
                if (!Files.exists(one.resolve(JobFolder.JOB))) {
                    if (lock != null) {
                        // A process was killed while it copied the data.
                        JobFolder.deleteAll(one);
                    }
                    continue;
                }
                try {
                    found.add(job(one));
                } catch (IOException | IllegalArgumentException e) {
                    log.error("a job cannot be read, and is left out: {}", e.getMessage());
                }
            }
        }
        found.sort(Comparator.comparing(Job::created));
        found.forEach(job -> jobs.put(job.id(), job));
    }

    private Job job(Path own) throws IOException {
        JobFolder files = new JobFolder(own);
        return new Job(this, files, files.read());
    }

    /**
     * Returns a job.
     *
     * @param id its name
     * @return nothing if there is none
     */
    public synchronized Optional<Job> job(String id) {
        return Optional.ofNullable(jobs.get(Objects.requireNonNull(id, "id must not be null")));
    }

    /**
     * Returns all jobs.
     *
     * @return the newest first
     */
    public synchronized List<Job> jobs() {
        List<Job> all = new ArrayList<>(jobs.values());
        Collections.reverse(all);
        return all;
    }

    // For the service that trains them, which holds the monitor of this object.

    Path folder() {
        return folder;
    }

    @Nullable
    Publication served() {
        return served;
    }

    JobQueue queue() {
        return queue;
    }

    /** Sets what is done with a job whose rows must be read again. */
    void whenUnchecked(Consumer<Job> checks) {
        check = checks;
    }

    void add(Job job) {
        jobs.put(job.id(), job);
    }

    void remove(String id) {
        jobs.remove(id);
    }

    /** Returns the jobs that train. */
    Set<Job> running() {
        return Collections.unmodifiableSet(running.keySet());
    }

    /** The thread of the caller trains a job from now on. */
    void begins(Job job) {
        running.put(job, Thread.currentThread());
    }

    /** The thread of the caller trains a job no longer. Another one may have begun with it already. */
    void ends(Job job) {
        running.remove(job, Thread.currentThread());
        notifyAll();
    }

    void transition(Job job, JobState next, String message) throws IOException {
        synchronized (this) {
            job.store(job.progress().in(next));
            notifyAll();
        }
        job.event(JobEvent.Level.INFO, message);
    }

    // What a client wants of a job.

    private synchronized void requireTaken() {
        if (lock == null || closed) {
            throw new IllegalStateException("a job can be changed by the service that has its folder, found one that "
                    + (closed ? "is closed" : "was only read"));
        }
    }

    /** Stops a job that waits. Returns whether it trains, so that its thread must stop it. */
    boolean stop(Job job, JobState end, String what) throws IOException {
        requireTaken();
        synchronized (this) {
            JobState state = job.state();
            if (state.isEnd() || (state == JobState.PAUSED && end == JobState.PAUSED)) {
                throw new IllegalStateException(
                        "a job that has not ended can be " + what + ", found one that is " + state.text());
            }
            if (running.containsKey(job)) {
                return true;
            }
            queue.remove(job);
            if (end == JobState.CANCELLED) {
                cancelled(job);
            } else {
                job.store(job.progress().in(end));
            }
            notifyAll();
        }
        job.event(JobEvent.Level.INFO, "The job was " + what);
        if (end.isEnd()) {
            job.folder().deleteState();
        }
        return false;
    }

    /** Notes that a job was cancelled. Of what it has trained so far, nothing is served any more. */
    synchronized void cancelled(Job job) throws IOException {
        for (StoredJob.Checkpoint old : job.progress().checkpoints()) {
            drop(job, old);
        }
        job.store(
                job.progress().withCheckpoints(List.of()).ended(JobState.CANCELLED, System.currentTimeMillis(), null));
    }

    void resume(Job job) throws IOException {
        requireTaken();
        synchronized (this) {
            if (job.state() != JobState.PAUSED) {
                throw new IllegalStateException("a job that is paused can be resumed, found one that is "
                        + job.state().text());
            }
            boolean checked = job.progress().checked();
            job.store(job.progress().in(checked ? JobState.QUEUED : JobState.VALIDATING));
            if (checked) {
                queue.add(job);
            } else {
                check.accept(job);
            }
            notifyAll();
        }
        job.event(JobEvent.Level.INFO, "The job was resumed");
    }

    void promote(Job job) throws IOException {
        requireTaken();
        synchronized (this) {
            String name = job.request().serveAs();
            if (job.state() != JobState.SUCCEEDED || name == null || served == null) {
                throw new IllegalStateException(
                        "a job that has succeeded and has a name to be served as can be promoted,"
                                + " found one that is " + job.state().text()
                                + (name == null ? " and has no such name" : ""));
            }
            take(job, name, served);
        }
        job.event(
                JobEvent.Level.INFO, "The adapter is served as " + job.request().serveAs());
    }

    /** Gives the adapter of a job its second name. */
    synchronized void take(Job job, String name, Publication to) throws IOException {
        // After a crash, the adapter of this job may be there already; the one before it must not be lost then.
        boolean isThere = to.madeBy(name).filter(job.id()::equals).isPresent();
        to.put(job.folder().adapter(), name, isThere ? null : job.folder().previous());
        job.store(job.progress().promoted(true));
    }

    void rollback(Job job) throws IOException {
        requireTaken();
        synchronized (this) {
            String name = job.request().serveAs();
            if (name == null
                    || served == null
                    || !served.madeBy(name).filter(job.id()::equals).isPresent()) {
                throw new IllegalStateException(
                        "the adapter of this job must be served by its second name to be taken back, found another one"
                                + " or none");
            }
            Path previous = job.folder().previous();
            if (Files.isDirectory(previous)) {
                served.put(previous, name, null);
            } else {
                served.remove(name);
            }
            job.store(job.progress().promoted(false));
        }
        job.event(JobEvent.Level.INFO, "The adapter was taken back");
    }

    void withdraw(Job job, String adapter) throws IOException {
        requireTaken();
        String which = "The adapter";
        if (!job.adapter().equals(adapter)) {
            which += " after step "
                    + job.progress().checkpoints().stream()
                            .filter(one -> adapter.equals(one.adapter()))
                            .findFirst()
                            .orElseThrow(() ->
                                    new IllegalArgumentException("name must be one of what this job has trained, found "
                                            + MessageText.quote(adapter)))
                            .step();
        }
        synchronized (this) {
            if (served == null || !served.has(adapter)) {
                return;
            }
            served.remove(adapter);
        }
        job.event(JobEvent.Level.INFO, which + " is not served any more");
    }

    JobState await(Job job, Duration longest) throws InterruptedException {
        if (lock == null) {
            requireTaken();
        }
        long end = System.nanoTime() + longest.toNanos();
        synchronized (this) {
            while (!job.state().isEnd()) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    break;
                }
                wait(left);
            }
        }
        return job.state();
    }

    // The adapters after epochs.

    /** Keeps the adapter after an epoch. A name is stored before it is served, so that after a kill no adapter stays that no job knows. */
    void epochEnded(Job job, JobTraining<?> training, long step, double trainLoss, @Nullable Double validLoss)
            throws IOException {
        Path own = job.folder().checkpointAdapter(step);
        JobFolder.deleteAll(own);
        JobResult.write(job, training, own, List.of());
        String name = served == null ? null : checkpointName(job, step);
        List<StoredJob.Checkpoint> all = new ArrayList<>();
        all.add(new StoredJob.Checkpoint(step, System.currentTimeMillis(), trainLoss, validLoss, name));
        for (StoredJob.Checkpoint one : job.progress().checkpoints()) {
            if (one.step() < step) {
                all.add(one);
            } else if (one.step() > step) {
                drop(job, one);
            }
        }
        synchronized (this) {
            job.store(job.progress().withCheckpoints(List.copyOf(all)));
        }
        if (served != null && name != null) {
            served.put(own, name, null);
        }
        List<StoredJob.Checkpoint> newest = newest(job, all);
        synchronized (this) {
            job.store(job.progress().withCheckpoints(newest));
        }
    }

    /** Returns those that are kept, of all with the newest first, and deletes the others. */
    List<StoredJob.Checkpoint> newest(Job job, List<StoredJob.Checkpoint> all) throws IOException {
        int most = Math.min(all.size(), KEPT_EPOCHS);
        for (StoredJob.Checkpoint old : all.subList(most, all.size())) {
            drop(job, old);
        }
        return all.subList(0, most);
    }

    private static String checkpointName(Job job, long step) {
        String name = job.adapter() + "-step-" + step;
        return AdapterNames.problem(name) == null ? name : job.id() + "-step-" + step;
    }

    private void drop(Job job, StoredJob.Checkpoint old) throws IOException {
        JobFolder.deleteAll(job.folder().checkpointAdapter(old.step()));
        if (served != null && old.adapter() != null) {
            served.remove(old.adapter());
        }
    }

    /** Lets others use the folder. */
    @Override
    public synchronized void close() {
        if (lock != null && !closed) {
            closed = true;
            try {
                lock.close();
            } catch (IOException e) {
                log.warn("the lock of {} could not be released", folder, e);
            }
        }
    }
}
