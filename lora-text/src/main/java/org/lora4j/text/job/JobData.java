package org.lora4j.text.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.TextFormatException;

/**
 * The examples of a job, which stay in their files.
 *
 * @param train those that train
 * @param choosing those that choose the epoch
 * @param judging those that judge
 * @param repeated how many rows of the validation train too
 */
record JobData<E>(List<E> train, List<E> choosing, List<E> judging, long repeated, List<IndexedFile> files)
        implements AutoCloseable {
    static final String TRAINING_FILE = "training_file";
    static final String VALIDATION_FILE = "validation_file";

    /** What is said of a file from which nothing is learned. */
    static final String NO_ROWS = "must have at least one row to learn, found none";

    /** Fewer rows of a validation, or groups of them, only judge. */
    private static final int FEWEST_TO_CHOOSE = 4;

    /**
     * Reads the files of a job.
     *
     * @param task learns the rows that train, and checks all
     * @param mostBytes the most bytes of a file, unpacked
     * @param stops whether nobody needs them any more; asked before each row
     * @throws JobFailure if a row is wrong, or there is none
     * @throws CancellationException if nobody needs them
     */
    static <E> JobData<E> read(
            JobFolder folder, StoredJob.Request request, JobTask<E> task, long mostBytes, BooleanSupplier stops)
            throws IOException, JobFailure {
        List<IndexedFile> files = new ArrayList<>();
        Source source = new Source(request.training(), TRAINING_FILE);
        try {
            JobRows<E> training = source.open(folder, mostBytes, files, task, stops);
            List<E> train = source.requireSome(training.learned());
            RepeatedRows repeated = new RepeatedRows();
            training.check(request.validation() == null ? row -> {} : repeated::train);
            List<E> held = List.of();
            StoredJob.@Nullable Data validation = request.validation();
            if (validation != null) {
                source = new Source(validation, VALIDATION_FILE);
                held = source.requireSome(
                        source.open(folder, mostBytes, files, task, stops).held(repeated::hold));
            }
            return divided(train, held, task, request.seed(), repeated.count(), files);
        } catch (TextFormatException e) {
            close(files);
            throw source.failure(", line " + e.line() + ": " + e.reason());
        } catch (IOException | JobFailure | RuntimeException e) {
            close(files);
            throw e;
        }
    }

    /**
     * A file of a job.
     *
     * @param param what it is in the request
     */
    private record Source(StoredJob.Data data, String param) {
        <E> JobRows<E> open(
                JobFolder folder, long mostBytes, List<IndexedFile> files, JobTask<E> task, BooleanSupplier stops)
                throws IOException, JobFailure {
            Consumer<TextFormatException> wrong = e -> {
                throw e;
            };
            Path path = folder.resolve(data.file());
            try {
                return JobRows.open(path, data.file(), mostBytes, files, task, wrong, stops);
            } catch (IllegalArgumentException e) {
                // The client knows the name of its file, and nothing of the folder of the job.
                throw JobData.failure(param, String.valueOf(e.getMessage()).replace(path.toString(), data.name()));
            }
        }

        <E> List<E> requireSome(List<E> examples) throws JobFailure {
            if (examples.isEmpty()) {
                throw failure(" " + NO_ROWS);
            }
            return examples;
        }

        JobFailure failure(String problem) {
            return JobData.failure(param, data.name() + problem);
        }
    }

    /** Lets half of the rows of a validation choose the epoch. Groups of rows are not divided. */
    private static <E> JobData<E> divided(
            List<E> train, List<E> held, JobTask<E> task, long seed, long repeated, List<IndexedFile> files) {
        Map<String, List<E>> groups = new LinkedHashMap<>();
        for (E one : held) {
            String group = task.group(one).orElse(String.valueOf(groups.size()));
            groups.computeIfAbsent(group, any -> new ArrayList<>()).add(one);
        }
        List<List<E>> all = new ArrayList<>(groups.values());
        Collections.shuffle(all, new Random(seed));
        int half = all.size() < FEWEST_TO_CHOOSE ? 0 : all.size() / 2;
        return new JobData<>(
                train, joined(all.subList(0, half)), joined(all.subList(half, all.size())), repeated, files);
    }

    private static <E> List<E> joined(List<List<E>> groups) {
        return groups.stream().flatMap(List::stream).toList();
    }

    static JobFailure failure(String param, String message) {
        return new JobFailure(new JobError("invalid_" + param, message, param), null);
    }

    @Override
    public void close() {
        close(files);
    }

    private static void close(List<IndexedFile> files) {
        files.forEach(IndexedFile::close);
    }
}
