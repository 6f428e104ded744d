package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.internal.Json;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.TextPair;

/**
 * A row of a file: the values of a line of CSV, TSV or JSONL by the name of their column. The methods check what they return,
 * and name the file and the line if it is not what it must be.
 */
public final class TextRow {
    private static final Path NEW = Path.of("new row");

    private final Path file;
    private final long line;
    private final long offset;
    private final ObjectNode values;

    TextRow(Path file, long line, long offset, ObjectNode values) {
        this.file = file;
        this.line = line;
        this.offset = offset;
        this.values = values;
    }

    /**
     * Creates a row that is in no file yet, to check it and {@linkplain TextFiles#append add} it to one.
     *
     * @param values texts, numbers, booleans, lists and maps of them by the names of the columns
     * @return the row, which messages call {@code new row:1}
     * @throws IllegalArgumentException if a value has no form in JSON
     */
    public static TextRow of(Map<String, ?> values) {
        Objects.requireNonNull(values, "values must not be null");
        return new TextRow(NEW, 1, 0, StrictJson.MAPPER.valueToTree(values));
    }

    /**
     * Returns the line of the file.
     *
     * @return the number of the first line of this row, from 1
     */
    public long line() {
        return line;
    }

    /**
     * Returns where the row begins.
     *
     * @return the number of bytes before it in the file, unpacked if it is packed with gzip; for {@link IndexedFile#row}
     */
    public long offset() {
        return offset;
    }

    /**
     * Returns the columns.
     *
     * @return their names, in the order of the file
     */
    public List<String> columns() {
        List<String> names = new ArrayList<>();
        values.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /**
     * Returns the whole row.
     *
     * @return a JSON object with all values by the names of their columns, in the order of the file
     */
    public String json() {
        return values.toString();
    }

    /**
     * Returns a text.
     *
     * @param column its column
     * @return the text as it stands in the file, with white space and control characters
     * @throws TextFormatException if there is no such column, the value is not a text, it has nothing but white space,
     *     control characters and other characters that are not seen, such as U+200B, or it has half a character (a surrogate that stands alone)
     */
    public String text(String column) {
        JsonNode value = value(column);
        if (!value.isTextual()) {
            throw refuse(column + " must be a text, found " + Json.describe(value));
        }
        return requireText(column, value.textValue());
    }

    /**
     * Checks that a text is more than what is not seen, and has no half characters.
     *
     * @param what the name of the text in the row, for the message
     * @param text the text
     * @return the same text
     * @throws TextFormatException if it is not
     */
    public String requireText(String what, String text) {
        if (text.codePoints().noneMatch(TextCheck::isVisible)) {
            throw refuse(what + " must have a character that is neither white space nor a control character, found none"
                    + " among " + text.length());
        }
        int lone = TextCheck.loneSurrogate(text, 0);
        if (lone >= 0) {
            throw refuse(what + " must be whole characters, found half a character, U+"
                    + Integer.toHexString(text.charAt(lone)).toUpperCase(Locale.ROOT) + ", at " + lone);
        }
        return text;
    }

    /**
     * Returns the name of a class.
     *
     * @param column its column
     * @return the text, or a whole number or true or false as text
     * @throws TextFormatException if there is no such column, or the value is another one
     */
    public String label(String column) {
        JsonNode value = value(column);
        return value.isIntegralNumber() || value.isBoolean() ? value.asText() : text(column);
    }

    /**
     * Returns whether a value is a list, as JSONL can have it.
     *
     * @param column its column
     * @return false also if there is no such column
     */
    public boolean isList(String column) {
        return values.path(column).isArray();
    }

    /**
     * Returns the names of any number of labels.
     *
     * @param column their column
     * @param separator what stands between two labels of a text; null if each value must be a list
     * @return the labels, of a list or of a text, without the white space around them; none for an empty list or an empty text
     * @throws TextFormatException if there is no such column; the value is neither a list nor, with a separator, a text; or a label is empty,
     *     is no text, number or true or false, has the separator in it, or stands there twice
     */
    public List<String> labels(String column, @Nullable String separator) {
        JsonNode value = value(column);
        List<String> labels = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(label -> labels.add(label(column, label, separator)));
        } else if (separator != null && (value.isTextual() || value.isIntegralNumber())) {
            String text = value.asText();
            if (!text.isBlank()) {
                for (String label : text.split(Pattern.quote(separator), -1)) {
                    labels.add(requireText("each label of " + column, label).strip());
                }
            }
        } else {
            throw refuse(column + " must be a list of labels"
                    + (separator == null ? "" : " or a text with '" + separator + "' between them") + ", found "
                    + Json.describe(value));
        }
        for (String label : labels) {
            if (labels.indexOf(label) != labels.lastIndexOf(label)) {
                throw refuse(column + " must have each label once, found '" + label + "' twice in " + labels);
            }
        }
        return labels;
    }

    private String label(String column, JsonNode label, @Nullable String separator) {
        boolean isName = label.isTextual() || label.isIntegralNumber() || label.isBoolean();
        if (!isName) {
            throw refuse("each label of " + column + " must be a text, found " + Json.describe(label));
        }
        String name = requireText("each label of " + column, label.asText());
        if (separator != null && name.contains(separator)) {
            throw refuse("each label of the list " + column + " must be one label, found '" + separator + "' in '"
                    + name + "'");
        }
        return name;
    }

    /**
     * Returns a number.
     *
     * @param column its column
     * @return the number, also one that the file has as a text
     * @throws TextFormatException if there is no such column, or the value is not a finite number
     */
    public double number(String column) {
        JsonNode value = value(column);
        double number = Double.NaN;
        try {
            number = value.isNumber() ? value.doubleValue() : Double.parseDouble(value.asText());
        } catch (NumberFormatException e) {
            // The message below says so.
        }
        if (!Double.isFinite(number)) {
            throw refuse(column + " must be a number, found " + MessageText.quote(value.asText()));
        }
        return number;
    }

    /**
     * Returns whether a text belongs to a query.
     *
     * @param column its column
     * @return true for 1 or true, false for 0 or false
     * @throws TextFormatException if there is no such column, or the value is another one
     */
    public boolean isRight(String column) {
        String right = label(column);
        return switch (right) {
            case "1", "true" -> true;
            case "0", "false" -> false;
            default -> throw refuse(column + " must be 1 or true, or 0 or false, found '" + right + "'");
        };
    }

    JsonNode value(String column) {
        Objects.requireNonNull(column, "column must not be null");
        JsonNode value = values.get(column);
        if (value == null) {
            throw refuse("must have a value " + column + ", found " + columns());
        }
        return value;
    }

    /**
     * Returns a text with its class.
     *
     * @param text the column of the text
     * @param label the column of the class
     * @return both
     * @throws TextFormatException as {@link #text} and {@link #label}
     */
    public LabelledText labelled(String text, String label) {
        return new LabelledText(text(text), label(label));
    }

    /**
     * Returns two texts that belong together.
     *
     * @param first the column of the first, such as {@code prompt}
     * @param second the column of the second, such as {@code completion}
     * @return both
     * @throws TextFormatException as {@link #text}
     */
    public TextPair pair(String first, String second) {
        return new TextPair(text(first), text(second));
    }

    /**
     * Returns a query, a text that belongs to it, and one that does not.
     *
     * @param query the column of the query
     * @param positive the column of the text that belongs to it
     * @param negative the column of the one that does not
     * @return all three
     * @throws TextFormatException as {@link #text}
     */
    public RetrievalExample triple(String query, String positive, String negative) {
        return new RetrievalExample(text(query), text(positive), text(negative));
    }

    /**
     * Refuses this row, for a rule of the caller's own. {@link Dataset#skipping} leaves out such rows too.
     *
     * @param message what was expected, and what was found
     * @return an exception to throw, whose message names the file and the line
     */
    public TextFormatException refuse(String message) {
        Objects.requireNonNull(message, "message must not be null");
        return TextFormatException.ofLine(file, line, message);
    }

    @Override
    public String toString() {
        return file + ":" + line + " " + columns();
    }
}
