package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.FileForm;
import org.lora4j.text.data.IndexedFile;
import org.lora4j.text.data.StoredExamples;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;

/**
 * A file of examples, and how some of them are held out for the validation and for a test.
 *
 * @param file CSV, TSV or JSONL, plain or with gzip
 * @param delimiter the character between two values of CSV or TSV; null for what the first line shows
 * @param validationFile a file with the examples of the validation; null to hold out some of the first file
 * @param division how the rows of the first file are divided
 * @param skipsBad whether lines that are wrong are left out; else the first of them is an error
 */
public record DataFile(
        Path file, @Nullable Character delimiter, @Nullable Path validationFile, Division division, boolean skipsBad) {
    /**
     * Examples, divided into parts. The lists read an example from the file each time it is asked for.
     *
     * @param train for training
     * @param validation for the validation; may be empty
     * @param test for a test; may be empty
     * @param pass what else was found
     * @param unused how many good rows gave no example, because no answer to learn is left of them
     * @param files closes the files
     * @param <T> the type of the examples
     */
    public record Divided<T>(List<T> train, List<T> validation, List<T> test, Pass pass, int unused, Runnable files)
            implements AutoCloseable {
        /**
         * Returns the examples that judge.
         *
         * @return those for the test, or those for the validation if there is no test; may be empty
         */
        public List<T> judging() {
            return test.isEmpty() ? validation : test;
        }

        /** Closes the files. */
        @Override
        public void close() {
            files.run();
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
         * @param part where they belong
         */
        void visit(List<T> examples, Division.Part part);
    }

    /**
     * Reads an example from each row.
     *
     * @param example makes an example of a row, always the same one
     * @param seed the seed of the split
     * @param <T> the type of the examples
     * @return the parts
     * @throws IOException as {@link #read(Function, Visitor, long)}
     * @throws IllegalArgumentException as there
     */
    public <T> Divided<T> read(Function<TextRow, T> example, long seed) throws IOException {
        return read(row -> List.of(example.apply(row)), (examples, part) -> {}, seed);
    }

    /**
     * Reads the file once, notes where its rows begin, and divides them.
     *
     * @param examples makes the examples of a row, always the same ones
     * @param visitor sees them in this pass
     * @param seed the seed of the split
     * @param <T> the type of the examples
     * @return the parts
     * @throws IOException if a file does not exist, or a part that must have rows has none
     * @throws IllegalArgumentException if a line is wrong; the message names it
     */
    public <T> Divided<T> read(Function<TextRow, List<T>> examples, Visitor<T> visitor, long seed) throws IOException {
        List<IndexedFile> files = new ArrayList<>();
        try {
            for (Path path : files()) {
                files.add(index(path));
            }
            Map<Division.Part, StoredExamples<T>> parts = new EnumMap<>(Division.Part.class);
            for (Division.Part part : Division.Part.values()) {
                boolean isLast = part == Division.Part.VALIDATION;
                parts.put(part, new StoredExamples<>(files.get(isLast ? files.size() - 1 : 0), examples));
            }
            int[] unused = {0};
            Pass pass = pass(
                    files.stream().map(IndexedFile::rows).toList(),
                    (row, part) -> {
                        List<T> some = examples.apply(row);
                        Objects.requireNonNull(parts.get(part)).add(row, some);
                        unused[0] += some.isEmpty() ? 1 : 0;
                        visitor.visit(some, part);
                    },
                    seed);
            parts.values().forEach(StoredExamples::trim);
            return new Divided<>(
                    Objects.requireNonNull(parts.get(Division.Part.TRAIN)),
                    Objects.requireNonNull(parts.get(Division.Part.VALIDATION)),
                    Objects.requireNonNull(parts.get(Division.Part.TEST)),
                    pass,
                    unused[0],
                    () -> files.forEach(IndexedFile::close));
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
         * @param part where it belongs
         */
        void visit(TextRow row, Division.Part part);
    }

    /**
     * What a pass over the file found.
     *
     * @param skipped what was wrong with lines that were left out
     * @param copies how many rows have the same text
     */
    public record Pass(List<String> skipped, Copies copies) {}

    /**
     * Reads the file once, row by row.
     *
     * @param visitor sees each row
     * @param seed the seed of the split
     * @return what was found
     * @throws IOException as {@link #read(Function, Visitor, long)}
     * @throws IllegalArgumentException as there
     */
    public Pass visit(RowVisitor visitor, long seed) throws IOException {
        List<Dataset<TextRow>> files = new ArrayList<>();
        for (Path path : files()) {
            files.add(open(path));
        }
        return pass(files, visitor, seed);
    }

    private List<Path> files() {
        return validationFile == null ? List.of(file) : List.of(file, validationFile);
    }

    private Pass pass(List<Dataset<TextRow>> files, RowVisitor visitor, long seed) throws IOException {
        SkippedLines skipped = new SkippedLines();
        Set<Division.Part> found = EnumSet.noneOf(Division.Part.class);
        Division.Rows divided = division.rows(seed);
        for (int i = 0; i < files.size(); i++) {
            boolean isValidation = i == 1;
            Dataset<Division.Part> parts = files.get(i).map(row -> {
                Division.Part part = isValidation ? divided.ofValidation(row) : divided.next(row);
                visitor.visit(row, part);
                return part;
            });
            try {
                (skipsBad ? parts.skipping(skipped::add) : parts).forEach(found::add);
            } catch (TextFormatException e) {
                throw advised(e);
            }
        }
        requireSome(file, found.contains(Division.Part.TRAIN), "training", "", skipped);
        if (validationFile != null || division.validation() > 0) {
            requireSome(
                    validationFile == null ? file : validationFile,
                    found.contains(Division.Part.VALIDATION),
                    "the validation",
                    validationFile == null ? advice(divided.copies()) : "",
                    skipped);
        }
        return new Pass(skipped, divided.copies());
    }

    private static String advice(Copies copies) {
        String equal = copies.text();
        return "; add examples, or set --validation 0" + (equal.isEmpty() ? "" : "; " + equal.replaceAll("\\.$", ""));
    }

    /**
     * Returns the same file with all rows that have the same value in a column on one side of the split, if nothing else was
     * asked for.
     *
     * @param column the column
     * @return the file
     */
    public DataFile groupedBy(Column column) {
        return division.group() != null
                ? this
                : divided(new Division(
                        division.validation(), division.test(), column, division.strata(), division.content()));
    }

    /**
     * Returns the same file with about the same share of each value of a column in all parts.
     *
     * @param column the column
     * @return the file
     */
    public DataFile stratifiedBy(Column column) {
        return stratifiedBy(row -> List.of(column.label(row)));
    }

    /**
     * Returns the same file with about the same share of each label in all parts, also of the rare ones.
     *
     * @param labels the labels of a row; may be empty
     * @return the file
     */
    public DataFile stratifiedBy(Function<TextRow, List<String>> labels) {
        return divided(
                new Division(division.validation(), division.test(), division.group(), labels, division.content()));
    }

    /**
     * Returns the same file with all rows of the same content in one part, and counts them.
     *
     * @param content what is compared
     * @return the file
     */
    public DataFile comparedBy(Function<TextRow, String> content) {
        return divided(
                new Division(division.validation(), division.test(), division.group(), division.strata(), content));
    }

    private DataFile divided(Division other) {
        return new DataFile(file, delimiter, validationFile, other, skipsBad);
    }

    /**
     * Opens the file.
     *
     * @return its rows, without those that are wrong if these are left out
     * @throws IOException if there is no such file
     */
    public Dataset<TextRow> rows() throws IOException {
        return skipsBad ? all().skipping(e -> {}) : all();
    }

    /**
     * Opens the file.
     *
     * @return all its rows
     * @throws IOException if there is no such file
     * @throws IllegalArgumentException if its name does not tell the format
     */
    public Dataset<TextRow> all() throws IOException {
        return open(file);
    }

    private Dataset<TextRow> open(Path path) throws IOException {
        requireExists(path);
        return delimiter == null ? TextFiles.read(path) : TextFiles.read(path, delimiter);
    }

    private IndexedFile index(Path path) throws IOException {
        requireExists(path);
        return delimiter == null ? IndexedFile.open(path) : IndexedFile.open(path, delimiter);
    }

    private static void requireExists(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new FileSystemException(file.toString(), null, "there is no such file");
        }
    }

    /**
     * Returns how the rows are written.
     *
     * @return the form of the first row
     * @throws IOException if there is no such file
     */
    public FileForm form() throws IOException {
        requireExists(file);
        return FileForm.of(file, delimiter);
    }

    /**
     * Says how to go on without a wrong line, unless the message already names an option, or the line cannot be left out.
     *
     * @param e what is wrong with a line
     * @return the exception to throw
     */
    public static IllegalArgumentException advised(TextFormatException e) {
        return e.ends() || String.valueOf(e.getMessage()).contains("--")
                ? e
                : new IllegalArgumentException(e.getMessage() + "; leave out such lines with --skip-bad-lines", e);
    }

    private static void requireSome(Path file, boolean isFound, String what, String advice, List<String> skipped)
            throws IOException {
        if (!isFound) {
            throw new IOException("%s: there must be at least one example for %s, found none%s%s"
                    .formatted(file, what, advice, skipped.isEmpty() ? "" : "; " + SkippedLines.describe(skipped)));
        }
    }
}
