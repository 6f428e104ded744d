package org.lora4j.text.job;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All of a job that stands in {@code job.json}. Times are milliseconds since 1970. Immutable. */
record StoredJob(Request request, Progress progress) {
    /** What never changes. */
    record Request(
            String id,
            String owner,
            JobMethod method,
            Data training,
            @Nullable Data validation,
            String adapter,
            @Nullable String serveAs,
            Promotion promotion,
            Hyperparameters hyperparameters,
            AdapterSettings config,
            long seed,
            Map<String, String> properties,
            long created) {
        Request {
            properties = Map.copyOf(properties);
        }
    }

    /** A file in the folder of the job, its name for messages, and the SHA-256 of its bytes. */
    record Data(String file, String name, String hash) {}

    /** An adapter after an epoch. */
    record Checkpoint(
            long step,
            long time,
            double trainLoss,
            @Nullable Double validLoss,
            @Nullable String adapter) {}

    /**
     * What changes.
     *
     * @param checked whether the data were read once without a problem
     * @param base a hash of the weights that the adapter adapts; null before the first step
     * @param promoted whether the adapter has taken the name of {@code serveAs}
     */
    record Progress(
            JobState state,
            boolean checked,
            @Nullable Long started,
            @Nullable Long finished,
            @Nullable UsedSettings used,
            @Nullable String base,
            @Nullable Long trainedTokens,
            @Nullable JobError error,
            List<Checkpoint> checkpoints,
            List<JobComparison> comparisons,
            boolean promoted) {
        static final Progress NEW = new Progress(
                JobState.VALIDATING, false, null, null, null, null, null, null, List.of(), List.of(), false);

        Progress {
            checkpoints = List.copyOf(checkpoints);
            comparisons = List.copyOf(comparisons);
        }

        Progress in(JobState next) {
            return new Progress(
                    next,
                    checked,
                    started,
                    finished,
                    used,
                    base,
                    trainedTokens,
                    error,
                    checkpoints,
                    comparisons,
                    promoted);
        }

        Progress checkedAs(UsedSettings settings) {
            return new Progress(
                    state,
                    true,
                    started,
                    finished,
                    settings,
                    base,
                    trainedTokens,
                    error,
                    checkpoints,
                    comparisons,
                    promoted);
        }

        Progress startedAt(long time) {
            Long first = started == null ? Long.valueOf(time) : started;
            return new Progress(
                    state,
                    checked,
                    first,
                    finished,
                    used,
                    base,
                    trainedTokens,
                    error,
                    checkpoints,
                    comparisons,
                    promoted);
        }

        Progress on(String hash) {
            return new Progress(
                    state,
                    checked,
                    started,
                    finished,
                    used,
                    hash,
                    trainedTokens,
                    error,
                    checkpoints,
                    comparisons,
                    promoted);
        }

        Progress withCheckpoints(List<Checkpoint> all) {
            return new Progress(
                    state, checked, started, finished, used, base, trainedTokens, error, all, comparisons, promoted);
        }

        Progress promoted(boolean now) {
            return new Progress(
                    state, checked, started, finished, used, base, trainedTokens, error, checkpoints, comparisons, now);
        }

        Progress ended(JobState end, long time, @Nullable JobError why) {
            return new Progress(
                    end, checked, started, time, used, base, trainedTokens, why, checkpoints, comparisons, promoted);
        }

        Progress measured(long tokens, List<JobComparison> found) {
            return new Progress(
                    state, checked, started, finished, used, base, tokens, error, checkpoints, found, promoted);
        }
    }
}
