package org.lora4j.text.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;

/** Reads the rows of a request as a job would, and goes on behind a wrong one. */
final class RowCheck<E> {
    private final JobTask<E> task;
    private final long mostBytes;
    private final BooleanSupplier stops;

    RowCheck(JobTask<E> task, long mostBytes, BooleanSupplier stops) {
        this.task = task;
        this.mostBytes = mostBytes;
        this.stops = stops;
    }

    JobCheck of(JobRequest request) throws IOException {
        List<IndexedFile> files = new ArrayList<>();
        try {
            Found training = new Found(request.training().name());
            JobRows<E> rows = open(request.training(), files, training);
            boolean hasSome = !rows.learned().isEmpty();
            JobRequest.@Nullable Data held = request.validation();
            RepeatedRows repeated = new RepeatedRows();
            Consumer<TextRow> good = training::good;
            rows.check(held == null ? good : good.andThen(repeated::train));
            Found validation = held == null ? null : new Found(held.name());
            boolean hasHeld = true;
            if (held != null && validation != null) {
                Consumer<TextRow> goodHeld = validation::good;
                hasHeld = !open(held, files, validation)
                        .held(goodHeld.andThen(repeated::hold))
                        .isEmpty();
            }
            JobCheck check = new JobCheck(
                    training.rows(), validation == null ? null : validation.rows(), repeated.count(), null);
            String problem = !check.isGood()
                    ? null
                    : !hasSome
                            ? training.name + " " + JobData.NO_ROWS
                            : !hasHeld && held != null ? held.name() + " " + JobData.NO_ROWS : notEnough(request);
            return new JobCheck(check.training(), check.validation(), check.repeated(), problem);
        } finally {
            files.forEach(IndexedFile::close);
        }
    }

    private JobRows<E> open(JobRequest.Data data, List<IndexedFile> files, Found found) throws IOException {
        String path = String.valueOf(data.file());
        try {
            return JobRows.open(data.file(), data.name(), mostBytes, files, task, e -> found.wrong(e, path), stops);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(String.valueOf(e.getMessage()).replace(path, data.name()), e);
        }
    }

    private @Nullable String notEnough(JobRequest request) throws IOException {
        try {
            Object unused = task.trainable(request.seed());
            return null;
        } catch (IllegalArgumentException e) {
            return request.training().name() + ": " + e.getMessage();
        }
    }

    /** What was found in a file so far. */
    private static final class Found {
        private final String name;
        private final List<JobCheck.Row> firstWrong = new ArrayList<>();
        private final List<JobCheck.Row> firstGood = new ArrayList<>();
        private long good;
        private long wrong;

        Found(String name) {
            this.name = name;
        }

        void good(TextRow row) {
            good++;
            if (firstGood.size() < JobCheck.MOST_GOOD) {
                firstGood.add(new JobCheck.Row(row.line(), row.json()));
            }
        }

        void wrong(TextFormatException e, String file) {
            wrong++;
            if (firstWrong.size() < JobCheck.MOST_WRONG) {
                firstWrong.add(new JobCheck.Row(e.line(), e.reason().replace(file, name)));
            }
        }

        /** What the second pass finds comes between what the first one found. */
        JobCheck.Rows rows() {
            firstWrong.sort(Comparator.comparingLong(JobCheck.Row::line));
            return new JobCheck.Rows(name, good, wrong, firstWrong, firstGood);
        }
    }
}
