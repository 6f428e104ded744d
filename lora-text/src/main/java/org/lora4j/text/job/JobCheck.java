package org.lora4j.text.job;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a service found in the rows of a request, before anything trains.
 *
 * @param training the rows that train
 * @param validation the rows that do not; null if there are none
 * @param repeated how many rows of the validation train too. A number of such rows says what the adapter was told, not what it learned
 * @param problem why the rows together cannot train, such as a single class; null if they can, or rows are wrong
 */
public record JobCheck(
        Rows training,
        @Nullable Rows validation,
        long repeated,
        @Nullable String problem) {
    /** So many wrong rows of a file are listed. */
    public static final int MOST_WRONG = 100;

    /** So many good rows of a file are shown. */
    public static final int MOST_GOOD = 3;

    /**
     * Checks that there is a file.
     *
     * @param training the rows that train
     * @param validation the rows that do not
     * @param repeated how many of these train too
     * @param problem why the rows together cannot train
     */
    public JobCheck {
        Objects.requireNonNull(training, "training must not be null");
    }

    /**
     * Returns whether a job with these rows would train.
     *
     * @return true if no row is wrong, and there is no problem
     */
    public boolean isGood() {
        return problem == null && training.wrong() == 0 && (validation == null || validation.wrong() == 0);
    }

    /**
     * The rows of a file.
     *
     * @param name the name of the file
     * @param good how many rows can be used
     * @param wrong how many cannot
     * @param firstWrong the first of these, at most {@link #MOST_WRONG}: the rule and what was found
     * @param firstGood the first that can be used, at most {@link #MOST_GOOD}: the row as JSON
     */
    public record Rows(String name, long good, long wrong, List<Row> firstWrong, List<Row> firstGood) {
        /**
         * Copies the rows.
         *
         * @param name the name of the file
         * @param good how many rows can be used
         * @param wrong how many cannot
         * @param firstWrong the first of these
         * @param firstGood the first that can be used
         */
        public Rows {
            Objects.requireNonNull(name, "name must not be null");
            firstWrong = List.copyOf(firstWrong);
            firstGood = List.copyOf(firstGood);
        }
    }

    /**
     * A row.
     *
     * @param line its first line in the file, from 1
     * @param text what is said of it
     */
    public record Row(long line, String text) {
        /**
         * Checks the text.
         *
         * @param line its first line in the file
         * @param text what is said of it
         */
        public Row {
            Objects.requireNonNull(text, "text must not be null");
        }
    }
}
