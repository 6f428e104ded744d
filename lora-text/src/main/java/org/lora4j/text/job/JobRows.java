package org.lora4j.text.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.StoredExamples;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;

/** A file of rows of a job, with what its task makes of them. Each wrong row is told once to somebody who may refuse the file for it. */
final class JobRows<E> {
    private final IndexedFile file;
    private final JobTask<E> task;
    private final Consumer<TextFormatException> wrong;
    private final BooleanSupplier stops;

    /**
     * Creates the rows.
     *
     * @param wrong is told what is wrong with a row; it may throw it again
     * @param stops whether nobody needs the rows any more; asked before each row
     */
    private JobRows(IndexedFile file, JobTask<E> task, Consumer<TextFormatException> wrong, BooleanSupplier stops) {
        this.file = file;
        this.task = task;
        this.wrong = wrong;
        this.stops = stops;
    }

    /**
     * Opens a file.
     *
     * @param name its name for the client, whose end tells its format
     * @param files takes the open file, which is to be closed
     * @throws IllegalArgumentException if it has more bytes, unpacked, than the limit, or it is packed and not whole
     */
    static <E> JobRows<E> open(
            Path path,
            String name,
            long mostBytes,
            List<IndexedFile> files,
            JobTask<E> task,
            Consumer<TextFormatException> wrong,
            BooleanSupplier stops)
            throws IOException {
        IndexedFile file = IndexedFile.open(path, name, mostBytes);
        files.add(file);
        return new JobRows<>(file, task, wrong, stops);
    }

    /** Lets the task see all examples. Returns those that can be learned from. */
    List<E> learned() {
        StoredExamples<E> found = new StoredExamples<>(file, task::examples);
        each(wrong, row -> {
            List<E> some = examples(row, wrong);
            if (some != null) {
                found.add(row, some);
                some.forEach(task::learn);
            }
        });
        found.trim();
        return found;
    }

    /**
     * Checks what is only known when all examples were seen.
     *
     * @param right gets each row with which nothing is wrong
     */
    void check(Consumer<TextRow> right) {
        // Those that no example can be made of were told in the pass before.
        Consumer<TextFormatException> told = e -> {};
        each(told, row -> {
            List<E> some = examples(row, told);
            if (some != null && fits(row, some)) {
                right.accept(row);
            }
        });
    }

    /**
     * Returns examples that do not train.
     *
     * @param right gets each row with which nothing is wrong
     */
    List<E> held(Consumer<TextRow> right) {
        StoredExamples<E> found = new StoredExamples<>(file, task::examples);
        each(wrong, row -> {
            List<E> some = examples(row, wrong);
            if (some != null && fits(row, some)) {
                found.add(row, some);
                right.accept(row);
            }
        });
        found.trim();
        return found;
    }

    private void each(Consumer<TextFormatException> unreadable, Consumer<TextRow> work) {
        try {
            for (TextRow row : file.rows().skipping(unreadable)) {
                if (stops.getAsBoolean()) {
                    throw new CancellationException("the rows of a job are not needed any more");
                }
                work.accept(row);
            }
        } catch (TextFormatException e) {
            if (!e.ends()) {
                throw e;
            }
            unreadable.accept(e);
        }
    }

    private @Nullable List<E> examples(TextRow row, Consumer<TextFormatException> told) {
        try {
            return task.examples(row);
        } catch (TextFormatException e) {
            told.accept(e);
            return null;
        }
    }

    private boolean fits(TextRow row, List<E> some) {
        try {
            some.forEach(one -> task.check(row, one));
            return true;
        } catch (TextFormatException e) {
            wrong.accept(e);
            return false;
        }
    }
}
