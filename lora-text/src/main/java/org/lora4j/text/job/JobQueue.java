package org.lora4j.text.job;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The jobs that wait, in a fair order: the next one is that of the owner of whom the fewest jobs train, and of several the one for whom the
 * least time was spent. An owner that comes later begins with as much as the least of those that wait, so that nobody saves up turns. Used
 * under the lock of the service.
 */
final class JobQueue {
    private final List<Job> waiting = new ArrayList<>();

    /** The time that was spent for an owner, in nanoseconds. */
    private final Map<String, Long> spent = new HashMap<>();

    void add(Job job) {
        if (waiting.stream().noneMatch(one -> one.owner().equals(job.owner()))) {
            long least = waiting.stream()
                    .mapToLong(one -> spent.getOrDefault(one.owner(), 0L))
                    .min()
                    .orElse(0);
            spent.merge(job.owner(), least, Math::max);
        }
        waiting.add(job);
    }

    void remove(Job job) {
        waiting.remove(job);
    }

    /**
     * Takes the job whose turn it is. Nobody overtakes it.
     *
     * @param training the jobs that train now
     * @param mayBegin whether a job can train beside them
     * @return empty if none waits, or the next one must wait longer
     */
    Optional<Job> take(Collection<Job> training, Predicate<Job> mayBegin) {
        Optional<Job> next = waiting.stream()
                .min(Comparator.<Job>comparingLong(job -> training.stream()
                                .filter(one -> one.owner().equals(job.owner()))
                                .count())
                        .thenComparingLong(job -> spent.getOrDefault(job.owner(), 0L))
                        .thenComparing(Job::created)
                        .thenComparing(Job::id))
                .filter(mayBegin);
        next.ifPresent(waiting::remove);
        return next;
    }

    /** Counts the time that a job took. */
    void spent(String owner, long nanos) {
        spent.merge(owner, nanos, Long::sum);
        if (waiting.isEmpty()) {
            // Nobody waits for anybody.
            spent.clear();
        }
    }

    /** Returns whether the job of another owner waits. */
    boolean othersWait(String owner) {
        return waiting.stream().anyMatch(job -> !job.owner().equals(owner));
    }

    long count(String owner) {
        return waiting.stream().filter(job -> job.owner().equals(owner)).count();
    }
}
