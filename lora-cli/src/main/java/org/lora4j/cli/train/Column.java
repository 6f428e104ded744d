package org.lora4j.cli.train;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.TextRow;

/**
 * A column of a file, which an option of the command names.
 *
 * @param option the option, such as {@code --text}
 * @param name the name of the column
 */
public record Column(String option, String name) {
    /** What may stand between the values of a row that were taken for one. */
    private static final Pattern BETWEEN_VALUES = Pattern.compile("[^\\p{L}\\p{N} _.-]");

    /**
     * Returns the text of a row.
     *
     * @param row the row
     * @return the text
     * @throws IllegalArgumentException if the row has no such column, or no text in it; the message names the option
     */
    public String text(TextRow row) {
        return of(row).text(name);
    }

    /**
     * Returns the label of a row.
     *
     * @param row the row
     * @return the text, or a number or true or false as text
     * @throws IllegalArgumentException if the row has no such column, or no label in it; the message names the option
     */
    public String label(TextRow row) {
        return of(row).label(name);
    }

    /**
     * Returns whether a text belongs to a query.
     *
     * @param row the row
     * @return true for 1 or true, false for 0 or false
     * @throws org.lora4j.text.data.TextFormatException if the value is another one; the message names the line
     */
    public boolean isRight(TextRow row) {
        return of(row).isRight(name);
    }

    /**
     * Returns any number of labels of a row.
     *
     * @param row the row
     * @param separator what stands between two of them; null if they are a list
     * @return the labels
     * @throws IllegalArgumentException if the row has no such column, or what is in it is wrong; the message names the option
     */
    public List<String> labels(TextRow row, @Nullable String separator) {
        if (separator == null && isIn(row) && !row.isList(name)) {
            throw row.refuse(name + " must be a list of labels, as JSONL has it, found another value; name what stands"
                    + " between two labels with --label-separator");
        }
        return of(row).labels(name, separator);
    }

    /**
     * Returns whether a row has a list in the column.
     *
     * @param row the row
     * @return false also if it has no such column
     */
    public boolean isListIn(TextRow row) {
        return row.isList(name);
    }

    /**
     * Returns the number of a row.
     *
     * @param row the row
     * @return the number
     * @throws IllegalArgumentException if the row has no such column, or no number in it; the message names the option
     */
    public double number(TextRow row) {
        return of(row).number(name);
    }

    /**
     * Returns whether a row has the column.
     *
     * @param row the row
     * @return true if it has a value for it
     */
    public boolean isIn(TextRow row) {
        return row.columns().contains(name);
    }

    private TextRow of(TextRow row) {
        if (isIn(row)) {
            return row;
        }
        List<String> found = row.columns();
        boolean isOneValue =
                found.size() == 1 && BETWEEN_VALUES.matcher(found.get(0)).find();
        throw row.refuse("must have a value " + name + ", found " + found + "; name another column with " + option
                + (isOneValue ? ", or the character between two values with --delimiter" : ""));
    }

    @Override
    public String toString() {
        return name;
    }
}
