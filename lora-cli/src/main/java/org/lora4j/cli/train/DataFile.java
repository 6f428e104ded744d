package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.Dataset;
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
     * The examples of both parts.
     *
     * @param train for training
     * @param validation for the validation; may be empty
     * @param skipped what was wrong with lines that were left out
     * @param <T> the type of the examples
     */
    public record Parts<T>(List<T> train, List<T> validation, List<String> skipped) {}

    /**
     * Reads the examples.
     *
     * @param example makes an example of a row
     * @param seed the seed of the split
     * @param <T> the type of the examples
     * @return both parts
     * @throws IOException if a file does not exist, or a part that must have examples has none
     * @throws IllegalArgumentException if a line is wrong; the message names it
     */
    public <T> Parts<T> read(Function<TextRow, T> example, long seed) throws IOException {
        // Each part reads the whole file, so both find a line that cannot be read.
        Set<String> found = new LinkedHashSet<>();
        Split<TextRow> rows = split(seed);
        List<T> train = all(rows.train(), example, found);
        List<T> validation = all(rows.test(), example, found);
        List<String> skipped = List.copyOf(found);
        requireSome(file, train, "training", skipped);
        if (validationFile != null || share > 0) {
            requireSome(validationFile == null ? file : validationFile, validation, "the validation", skipped);
        }
        return new Parts<>(train, validation, skipped);
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

    private Split<TextRow> split(long seed) throws IOException {
        Dataset<TextRow> rows = open(file);
        if (validationFile != null) {
            return new Split<>(rows, open(validationFile));
        }
        if (share == 0) {
            return new Split<>(rows, Dataset.of(List.of()));
        }
        String column = group;
        return column == null ? rows.split(seed, share) : rows.splitBy(row -> row.label(column), seed, share);
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
        if (!Files.exists(file)) {
            throw new FileSystemException(file.toString(), null, "there is no such file");
        }
        return TextFiles.read(file);
    }

    private <T> List<T> all(Dataset<TextRow> rows, Function<TextRow, T> example, Set<String> skipped) {
        Dataset<T> examples = rows.map(example);
        List<T> all = new ArrayList<>();
        (skipsBad ? examples.skipping(e -> skipped.add(e.getMessage())) : examples).forEach(all::add);
        return all;
    }

    private static void requireSome(Path file, List<?> examples, String what, List<String> skipped) throws IOException {
        if (examples.isEmpty()) {
            throw new IOException("%s: there must be at least one example for %s, found none%s"
                    .formatted(file, what, skipped.isEmpty() ? "" : "; " + skipped.size() + " lines were left out"));
        }
    }
}
