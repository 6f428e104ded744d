package org.lora4j.text.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.StoredExamples;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;

/**
 * The examples of a job, which stay in their files.
 *
 * @param train those that train
 * @param choosing those that choose the epoch
 * @param judging those that judge
 */
record JobData<E>(List<E> train, List<E> choosing, List<E> judging, List<IndexedFile> files) implements AutoCloseable {
    static final String TRAINING_FILE = "training_file";
    static final String VALIDATION_FILE = "validation_file";

    /** Fewer rows of a validation, or groups of them, only judge. */
    private static final int FEWEST_TO_CHOOSE = 4;

    /** What is done with an example of a row. */
    private interface Visitor<E> {
        void visit(TextRow row, E example);
    }

    /**
     * Reads the files of a job.
     *
     * @param task learns the rows that train, and checks all
     * @param stops whether nobody needs them any more; asked before each row
     * @throws JobFailure if a row is wrong, or there is none
     * @throws CancellationException if nobody needs them
     */
    static <E> JobData<E> read(JobFolder folder, StoredJob.Request request, JobTask<E> task, BooleanSupplier stops)
            throws IOException, JobFailure {
        List<IndexedFile> files = new ArrayList<>();
        try {
            StoredJob.Data training = request.training();
            List<E> train =
                    examples(folder, training, TRAINING_FILE, task, files, (row, one) -> task.learn(one), stops);
            check(files.get(0), training, TRAINING_FILE, task, stops);
            StoredJob.@Nullable Data validation = request.validation();
            List<E> held = validation == null
                    ? List.of()
                    : examples(folder, validation, VALIDATION_FILE, task, files, task::check, stops);
            return divided(train, held, task, request.seed(), files);
        } catch (IOException | JobFailure | RuntimeException e) {
            files.forEach(IndexedFile::close);
            throw e;
        }
    }

    /** Lets half of the rows of a validation choose the epoch. Groups of rows are not divided. */
    private static <E> JobData<E> divided(
            List<E> train, List<E> held, JobTask<E> task, long seed, List<IndexedFile> files) {
        Map<String, List<E>> groups = new LinkedHashMap<>();
        for (E one : held) {
            String group = task.group(one).orElse(String.valueOf(groups.size()));
            groups.computeIfAbsent(group, any -> new ArrayList<>()).add(one);
        }
        List<List<E>> all = new ArrayList<>(groups.values());
        Collections.shuffle(all, new Random(seed));
        int half = all.size() < FEWEST_TO_CHOOSE ? 0 : all.size() / 2;
        return new JobData<>(train, joined(all.subList(0, half)), joined(all.subList(half, all.size())), files);
    }

    private static <E> List<E> joined(List<List<E>> groups) {
        return groups.stream().flatMap(List::stream).toList();
    }

    private static <E> List<E> examples(
            JobFolder folder,
            StoredJob.Data data,
            String param,
            JobTask<E> task,
            List<IndexedFile> files,
            Visitor<E> visitor,
            BooleanSupplier stops)
            throws IOException, JobFailure {
        try {
            IndexedFile file = IndexedFile.open(folder.resolve(data.file()));
            files.add(file);
            StoredExamples<E> found = new StoredExamples<>(file, task::examples);
            for (TextRow row : file.rows()) {
                requireNeeded(stops);
                List<E> some = task.examples(row);
                found.add(row, some);
                some.forEach(one -> visitor.visit(row, one));
            }
            found.trim();
            if (found.isEmpty()) {
                throw failure(param, data.name() + " must have at least one row to learn, found none");
            }
            return found;
        } catch (TextFormatException e) {
            throw failure(param, named(e, data));
        }
    }

    private static void requireNeeded(BooleanSupplier stops) {
        if (stops.getAsBoolean()) {
            throw new CancellationException("the rows of a job are not needed any more");
        }
    }

    private static <E> void check(
            IndexedFile file, StoredJob.Data data, String param, JobTask<E> task, BooleanSupplier stops)
            throws JobFailure {
        try {
            for (TextRow row : file.rows()) {
                requireNeeded(stops);
                task.examples(row).forEach(one -> task.check(row, one));
            }
        } catch (TextFormatException e) {
            throw failure(param, named(e, data));
        }
    }

    /** The client knows the name of its file, and nothing of the folder of the job. */
    private static String named(TextFormatException e, StoredJob.Data data) {
        return String.valueOf(e.getMessage())
                .replace(e.file() + ":" + e.line(), data.name() + ", line " + e.line())
                .replace(e.file(), data.name());
    }

    static JobFailure failure(String param, String message) {
        return new JobFailure(new JobError("invalid_" + param, message, param), null);
    }

    @Override
    public void close() {
        files.forEach(IndexedFile::close);
    }
}
