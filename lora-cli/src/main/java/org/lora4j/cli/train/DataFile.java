package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.Dataset;
import org.lora4j.text.IndexedFile;
import org.lora4j.text.Split;
import org.lora4j.text.TextFiles;
import org.lora4j.text.TextRow;

/**
 * A file of examples, and how some of them are held out for the validation.
 *
 * @param file CSV, TSV or JSONL, plain or with gzip
 * @param validationFile a file with the examples of the validation; null to hold out some of the first file
 * @param share the share that is held out, at least 0 and below 1; 0 for no validation
 * @param group the column whose values are not divided between the parts; null for none
 * @param skipsBad whether lines that are wrong are left out; else the first of them is an error
 */
public record DataFile(
        Path file,
        @Nullable Path validationFile,
        double share,
        @Nullable String group,
        boolean skipsBad) {
    /**
     * The examples of both parts. The lists read an example from the file each time it is asked for.
     *
     * @param train for training
     * @param validation for the validation; may be empty
     * @param skipped what was wrong with lines that were left out
     * @param unused how many good rows gave no example
     * @param files the open files
     * @param <T> the type of the examples
     */
    public record Parts<T>(List<T> train, List<T> validation, List<String> skipped, int unused, List<IndexedFile> files)
            implements AutoCloseable {
        /** Closes the files. */
        @Override
        public void close() {
            files.forEach(IndexedFile::close);
        }
    }

    /**
     * Sees the examples of a row in the first pass.
     *
     * @param <T> the type of the examples
     */
    public interface Visitor<T> {
        /**
         * Is called for each row that is not wrong, in the order of the file.
         *
         * @param examples the examples of the row
         * @param held whether they are held out for the validation
         */
        void visit(List<T> examples, boolean held);
    }

    /**
     * Reads an example from each row.
     *
     * @param example makes an example of a row, always the same one
     * @param seed the seed of the split
     * @param <T> the type of the examples
     * @return both parts
     * @throws IOException as {@link #read(Function, Visitor, long)}
     * @throws IllegalArgumentException as there
     */
    public <T> Parts<T> read(Function<TextRow, T> example, long seed) throws IOException {
        return read(row -> List.of(example.apply(row)), (examples, held) -> {}, seed);
    }

    /**
     * Reads the file once, notes where its rows begin, and divides them.
     *
     * @param examples makes the examples of a row, always the same ones
     * @param visitor sees them in this pass
     * @param seed the seed of the split
     * @param <T> the type of the examples
     * @return both parts
     * @throws IOException if a file does not exist, or a part that must have rows has none
     * @throws IllegalArgumentException if a line is wrong; the message names it
     */
    public <T> Parts<T> read(Function<TextRow, List<T>> examples, Visitor<T> visitor, long seed) throws IOException {
        List<IndexedFile> files = new ArrayList<>();
        try {
            for (Path path : files()) {
                files.add(index(path));
            }
            List<StoredExamples<T>> parts = List.of(
                    new StoredExamples<>(files.get(0), examples),
                    new StoredExamples<>(files.get(files.size() - 1), examples));
            int[] unused = {0};
            List<String> skipped = pass(
                    files.stream().map(IndexedFile::rows).toList(),
                    (row, held) -> {
                        List<T> some = examples.apply(row);
                        parts.get(held ? 1 : 0).add(row, some);
                        unused[0] += some.isEmpty() ? 1 : 0;
                        visitor.visit(some, held);
                    },
                    seed);
            parts.forEach(StoredExamples::trim);
            return new Parts<>(parts.get(0), parts.get(1), skipped, unused[0], files);
        } catch (IOException | RuntimeException e) {
            files.forEach(IndexedFile::close);
            throw e;
        }
    }

    /** Sees a row in a pass over the file, and may refuse it. */
    public interface RowVisitor {
        /**
         * Is called for each row in the order of the file.
         *
         * @param row the row
         * @param held whether it is held out for the validation
         */
        void visit(TextRow row, boolean held);
    }

    /**
     * Reads the file once, row by row.
     *
     * @param visitor sees each row
     * @param seed the seed of the split
     * @return what was wrong with lines that were left out
     * @throws IOException as {@link #read(Function, Visitor, long)}
     * @throws IllegalArgumentException as there
     */
    public List<String> visit(RowVisitor visitor, long seed) throws IOException {
        List<Dataset<TextRow>> files = new ArrayList<>();
        for (Path path : files()) {
            files.add(open(path));
        }
        return pass(files, visitor, seed);
    }

    private List<Path> files() {
        return validationFile == null ? List.of(file) : List.of(file, validationFile);
    }

    private List<String> pass(List<Dataset<TextRow>> files, RowVisitor visitor, long seed) throws IOException {
        SkippedLines skipped = new SkippedLines();
        int[] rows = new int[2];
        for (int i = 0; i < files.size(); i++) {
            boolean isValidation = i == 1;
            long[] index = {0};
            Dataset<Boolean> sides = files.get(i).map(row -> {
                boolean held = isValidation || isHeldOut(row, index[0]++, seed);
                visitor.visit(row, held);
                return held;
            });
            (skipsBad ? sides.skipping(skipped::add) : sides).forEach(held -> rows[held ? 1 : 0]++);
        }
        requireSome(file, rows[0], "training", skipped);
        if (validationFile != null || share > 0) {
            requireSome(validationFile == null ? file : validationFile, rows[1], "the validation", skipped);
        }
        return skipped;
    }

    private boolean isHeldOut(TextRow row, long index, long seed) {
        if (validationFile != null || share == 0) {
            return false;
        }
        return group == null ? Split.isHeldOut(seed, index, share) : Split.isHeldOut(seed, row.label(group), share);
    }

    /**
     * Returns the same file with all rows that have the same value in a column on one side of the split, if nothing else was
     * asked for.
     *
     * @param column the column
     * @return the file
     */
    public DataFile groupedBy(String column) {
        return group != null || validationFile != null || share == 0
                ? this
                : new DataFile(file, null, share, column, skipsBad);
    }

    /**
     * Opens the file.
     *
     * @return its rows, without those that are wrong if these are left out
     * @throws IOException if there is no such file
     */
    public Dataset<TextRow> rows() throws IOException {
        return skipsBad ? open(file).skipping(e -> {}) : open(file);
    }

    /**
     * Opens a file of rows.
     *
     * @param file CSV, TSV or JSONL, plain or with gzip
     * @return its rows
     * @throws IOException if there is no such file
     * @throws IllegalArgumentException if its name ends otherwise
     */
    public static Dataset<TextRow> open(Path file) throws IOException {
        requireExists(file);
        return TextFiles.read(file);
    }

    private static IndexedFile index(Path file) throws IOException {
        requireExists(file);
        return IndexedFile.open(file);
    }

    private static void requireExists(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new FileSystemException(file.toString(), null, "there is no such file");
        }
    }

    private static void requireSome(Path file, int rows, String what, List<String> skipped) throws IOException {
        if (rows == 0) {
            throw new IOException("%s: there must be at least one example for %s, found none%s"
                    .formatted(file, what, skipped.isEmpty() ? "" : "; " + skipped.size() + " lines were left out"));
        }
    }
}
