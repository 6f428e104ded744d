package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.internal.MessageText;
import org.lora4j.text.internal.Json;

/**
 * Texts with tags or spans in files of UTF-8, plain or packed with gzip, which are read line by line as those of {@link TextFiles}. A line
 * that is wrong is a {@link TextFormatException} with its place, which {@link Dataset#skipping} leaves out.
 */
public final class TaggedFiles {
    private TaggedFiles() {}

    /** What the offsets of spans count. */
    public enum Offsets {
        /** Characters, as in Python: spaCy, Prodigy, doccano. */
        CODE_POINTS,
        /** The chars of Java and JavaScript, in which some characters, such as an emoji, are two. */
        UTF16
    }

    /**
     * Reads a file of CoNLL: a word in each line with its tag as the last column, and an empty line behind each sentence. The columns have
     * tabs between them or, in a line without one, spaces. Tags of IOB1, IOB2, IOE2, IOBES and BILOU are read, and tags without a prefix.
     * A line that begins with {@code -DOCSTART-} ends a sentence, and one in front of a sentence that begins with {@code #} and a space is
     * a comment.
     *
     * @param file the file
     * @return its sentences, whose words have a space between them
     */
    public static Dataset<TaggedText> conll(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return Dataset.of(() -> new ConllLines(new TextLines(file, true)));
    }

    /**
     * Reads a JSON object from each line. It has {@code tokens} and {@code tags}, two lists of texts of one length, or a {@code text} with
     * its spans in one of these forms:
     *
     * <table>
     * <caption>Spans</caption>
     * <tr><th>programs</th><th>form</th></tr>
     * <tr><td>spaCy, Prodigy</td><td>{@code "spans": [{"start": 0, "end": 3, "label": "PER"}]}</td></tr>
     * <tr><td>spaCy's training data, doccano</td><td>{@code "entities"} or {@code "label": [[0, 3, "PER"]]}</td></tr>
     * <tr><td>Label Studio's JSON_MIN</td><td>{@code "label": [{"start": 0, "end": 3, "labels": ["PER"]}]}</td></tr>
     * </table>
     *
     * <p>A span may repeat its {@code text}, which is compared. Each must begin and end with a word, see {@link TaggedText#ofSpans}.
     *
     * @param file the file
     * @param offsets what the offsets count
     * @return its texts
     */
    public static Dataset<TaggedText> jsonl(Path file, Offsets offsets) {
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(offsets, "offsets must not be null");
        return TextFiles.jsonl(file).map(row -> example(row, offsets));
    }

    private static TaggedText example(TextRow row, Offsets offsets) {
        try {
            if (row.columns().contains("tokens")) {
                return TaggedText.ofTags(texts(row, "tokens"), texts(row, "tags"), TagScheme.IOB2);
            }
            String text = row.text("text");
            return TaggedText.ofSpans(text, spans(row, text, offsets));
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    private static List<String> texts(TextRow row, String column) {
        JsonNode values = row.value(column);
        List<String> texts = new ArrayList<>();
        for (JsonNode value : values) {
            if (!value.isTextual()) {
                throw row.refuse(
                        column + " must be a list of texts, found " + Json.describe(value) + " at " + texts.size());
            }
            texts.add(value.textValue());
        }
        if (!values.isArray()) {
            throw row.refuse(column + " must be a list of texts, found " + Json.describe(values));
        }
        return texts;
    }

    private static List<TextSpan> spans(TextRow row, String text, Offsets offsets) {
        List<String> names = List.of("spans", "entities", "label");
        String column = names.stream()
                .filter(row.columns()::contains)
                .findFirst()
                .orElseThrow(() -> row.refuse("must have spans in one of " + names + ", found " + row.columns()));
        JsonNode values = row.value(column);
        // Label Studio leaves the field out of a text without spans, or writes null.
        if (!values.isArray() && !values.isNull()) {
            throw row.refuse(column + " must be a list of spans, found " + Json.describe(values));
        }
        List<TextSpan> spans = new ArrayList<>();
        for (JsonNode value : values) {
            spans.add(span(row, column + "[" + spans.size() + "]", value, text, offsets));
        }
        return spans;
    }

    private static TextSpan span(TextRow row, String place, JsonNode value, String text, Offsets offsets) {
        boolean isList = value.isArray();
        JsonNode start = isList ? value.path(0) : value.path("start");
        JsonNode end = isList ? value.path(1) : value.path("end");
        JsonNode label = isList ? value.path(2) : label(value);
        if (!start.isInt() || !end.isInt() || !label.isTextual()) {
            throw row.refuse(place + " must have a start, an end and one label, found " + Json.describe(value));
        }
        int characters = offsets == Offsets.UTF16 ? text.length() : text.codePointCount(0, text.length());
        if (start.intValue() < 0 || end.intValue() <= start.intValue() || end.intValue() > characters) {
            throw row.refuse(place + " must lie in the text of " + characters + " characters, found " + start.intValue()
                    + " to " + end.intValue());
        }
        int from = offsets == Offsets.UTF16 ? start.intValue() : text.offsetByCodePoints(0, start.intValue());
        int to = offsets == Offsets.UTF16 ? end.intValue() : text.offsetByCodePoints(0, end.intValue());
        String said = isList ? "" : value.path("text").asText("");
        String found = text.substring(from, to);
        if (!said.isEmpty() && !said.equals(found)) {
            throw row.refuse(place + " must be " + MessageText.quote(said) + " as its text says, found "
                    + MessageText.quote(found) + " at " + start.intValue() + " to " + end.intValue()
                    + "; its offsets may count in another way");
        }
        return new TextSpan(from, to, label.textValue());
    }

    /** The label of a span; nothing if there are several. */
    private static JsonNode label(JsonNode span) {
        JsonNode several = span.path("labels");
        return several.isMissingNode() ? span.path("label") : several.size() == 1 ? several.path(0) : several.path(-1);
    }
}
