package org.lora4j.internal.threads;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that compute the parts of a product or of a loop together with the thread that needs it. While a thread uses them,
 * the other threads of the program compute their parts by themselves.
 *
 * <p>They look for more work for a short time, because it usually follows at once, and then sleep. They never yield: a thread
 * that yields its processor to another program gets it back after a whole time slice. One that sleeps is run within
 * microseconds when it is woken, because it has used less than its share. A part that none of them has started is computed by the
 * caller, so nothing waits for a thread that the operating system does not run.
 */
@ForModules
public final class ThreadTeam {
    private static final Logger log = LoggerFactory.getLogger(ThreadTeam.class);
    private static final ThreadTeam SHARED = new ThreadTeam();

    /** How long a thread looks for work, or for the end of the last part, before it sleeps: the time between two products of a training step. */
    private static final long ACTIVE_NANOS = 100_000;

    /** A thread ends after this time without work, so that an idle program has none. */
    private static final long IDLE_NANOS = 10_000_000_000L;

    /** The place of the job in a thread that has ended. */
    private static final Job ENDED = new Job(0, part -> {});

    private final AtomicBoolean isBusy = new AtomicBoolean();

    /** Only the thread that set {@link #isBusy} uses them. */
    private @Nullable Member[] members = new Member[0];

    private volatile int threads = 1;

    /** The parts of a product or of a loop. */
    private static final class Job {
        private final int parts;
        private final IntConsumer part;
        private final AtomicInteger started = new AtomicInteger();
        private final AtomicInteger done = new AtomicInteger();
        private volatile @Nullable Throwable failure;

        /** The caller, if it may sleep until all parts are done. */
        private volatile @Nullable Thread sleeper;

        Job(int parts, IntConsumer part) {
            this.parts = parts;
            this.part = part;
        }

        /** Computes parts until none is left that nobody has started. */
        void work() {
            for (int i = started.getAndIncrement(); i < parts; i = started.getAndIncrement()) {
                try {
                    part.accept(i);
                } catch (RuntimeException | Error e) {
                    failure = e;
                } finally {
                    end();
                }
            }
        }

        private void end() {
            if (done.incrementAndGet() == parts && sleeper != null) {
                LockSupport.unpark(sleeper);
            }
        }

        private boolean isDone() {
            return done.get() == parts;
        }

        void await() {
            if (isDone()) {
                return;
            }
            long begin = System.nanoTime();
            while (!isDone() && System.nanoTime() - begin < ACTIVE_NANOS) {
                Thread.onSpinWait();
            }
            // Whoever ends the last part sees this, or this thread sees that it has ended.
            sleeper = Thread.currentThread();
            while (!isDone()) {
                LockSupport.park(this);
            }
        }

        void throwFailure() {
            Throwable thrown = failure;
            if (thrown instanceof RuntimeException exception) {
                throw exception;
            }
            if (thrown instanceof Error error) {
                throw error;
            }
        }
    }

    /** One of the threads. */
    private static final class Member extends Thread {
        private final AtomicReference<@Nullable Job> job;
        private volatile boolean sleeps;

        Member(int number, Job first) {
            super("lora4j-" + number);
            setDaemon(true);
            job = new AtomicReference<>(first);
        }

        /** Hands over a job. Returns false if the thread has ended. */
        boolean take(Job next) {
            if (job.getAndUpdate(old -> old == ENDED ? ENDED : next) == ENDED) {
                return false;
            }
            if (sleeps) {
                LockSupport.unpark(this);
            }
            return true;
        }

        @Override
        public void run() {
            long idleSince = System.nanoTime();
            while (true) {
                Job next = job.getAndSet(null);
                if (next != null) {
                    next.work();
                    idleSince = System.nanoTime();
                } else if (System.nanoTime() - idleSince < ACTIVE_NANOS) {
                    Thread.onSpinWait();
                } else if (!sleepUntilWork(idleSince)) {
                    return;
                }
            }
        }

        /** Returns false if there was none for so long that the thread has ended. */
        private boolean sleepUntilWork(long idleSince) {
            sleeps = true;
            while (job.get() == null) {
                long left = idleSince + IDLE_NANOS - System.nanoTime();
                if (left <= 0 && job.compareAndSet(null, ENDED)) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.max(1, left));
            }
            sleeps = false;
            return true;
        }
    }

    ThreadTeam() {}

    /**
     * Returns the team of the process. A product engine and the loops on the heap use it in turn, so it has work in nearly all
     * of the time of a computation.
     *
     * @return the team, of one thread until {@link #setThreads}
     */
    public static ThreadTeam shared() {
        return SHARED;
    }

    /**
     * Returns how many threads compute parts, with that of the caller.
     *
     * @return at least 1
     */
    public int threads() {
        return threads;
    }

    /**
     * Sets how many threads compute parts.
     *
     * @param count at least 1, which is the thread of the caller
     */
    public void setThreads(int count) {
        threads = count;
    }

    /**
     * Computes numbered parts, and returns when all are done. An exception of a part is thrown to the caller.
     *
     * @param parts the number of parts
     * @param part computes the part of a number from 0; several threads can compute different parts at the same time
     */
    public void run(int parts, IntConsumer part) {
        int helpers = Math.min(threads, parts) - 1;
        if (helpers < 1 || BackgroundThread.isAlone() || !isBusy.compareAndSet(false, true)) {
            for (int i = 0; i < parts; i++) {
                part.accept(i);
            }
            return;
        }
        Job job = new Job(parts, part);
        try {
            call(helpers, job);
        } finally {
            // Also if no thread could start: others may compute parts, which must not go on after this call.
            job.work();
            job.await();
            isBusy.set(false);
        }
        job.throwFailure();
    }

    private void call(int helpers, Job job) {
        if (members.length < helpers) {
            @Nullable Member[] more = new Member[helpers];
            System.arraycopy(members, 0, more, 0, members.length);
            members = more;
        }
        for (int i = 0; i < helpers; i++) {
            Member member = members[i];
            if (member == null || !member.take(job)) {
                members[i] = start(i + 1, job);
            }
        }
    }

    /** Starts a thread, or returns null if the system has none: the others do its parts. */
    private static @Nullable Member start(int number, Job job) {
        Member member = new Member(number, job);
        try {
            member.start();
            return member;
        } catch (OutOfMemoryError e) {
            log.warn(
                    "a thread for products and loops could not be started, so others compute its parts: {}",
                    e.getMessage());
            return null;
        }
    }
}
