package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.internal.MessageText;
import org.lora4j.text.internal.Json;
import org.lora4j.text.tokens.TagScheme;

/**
 * Where rows have texts of which parts have labels. A row has words with a tag each, or else a text with spans:
 *
 * <pre>{@code
 * {"tokens": ["Ann", "lives", "here"], "tags": ["B-PER", "O", "O"]}
 * {"text": "Ann lives here", "spans": [{"start": 0, "end": 3, "label": "PER"}]}
 * {"text": "Ann lives here", "entities": [[0, 3, "PER"]]}
 * {"text": "Ann lives here", "label": [{"start": 0, "end": 3, "labels": ["PER"]}]}
 * {"data": {"text": "Ann lives here"}, "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}}]}]}
 * }</pre>
 *
 * <p>The last four are those of spaCy and Prodigy, of doccano, and of Label Studio: JSON_MIN, and a task of its full export, of which the
 * results of the type {@code labels} count. A task has one annotation that was not cancelled. A span may repeat its {@code text}, which is
 * compared. {@link TextFiles#conll} gives rows of the first form.
 *
 * @param tokens the column of the words, a list
 * @param tags the column of their tags, a list
 * @param text the column of the text
 * @param spans the columns of its spans, a list; the first of them that a row has
 * @param offsets what the offsets of spans count
 */
public record TaggedColumns(String tokens, String tags, String text, List<String> spans, Offsets offsets) {
    /** The names that most files have, with offsets in code points. */
    public static final TaggedColumns DEFAULT = new TaggedColumns(
            ConllRows.TOKENS, ConllRows.TAGS, "text", List.of("spans", "entities", "label"), Offsets.CODE_POINTS);

    /** The columns of a task of Label Studio. */
    private static final String DATA = "data";

    private static final String ANNOTATIONS = "annotations";

    /** A span as an array has this many values. */
    private static final int VALUES_OF_SPAN = 3;

    /** What an offset counts. */
    public enum Offsets {
        /** Characters, as in Python. */
        CODE_POINTS,
        /** The units of UTF-16, as in Java and JavaScript: two for an emoji. */
        UTF16
    }

    /**
     * Checks that nothing is null.
     *
     * @param tokens the column of the words
     * @param tags the column of their tags
     * @param text the column of the text
     * @param spans the columns of its spans
     * @param offsets what the offsets of spans count
     */
    public TaggedColumns {
        Objects.requireNonNull(tokens, "tokens must not be null");
        Objects.requireNonNull(tags, "tags must not be null");
        Objects.requireNonNull(text, "text must not be null");
        spans = List.copyOf(Objects.requireNonNull(spans, "spans must not be null"));
        Objects.requireNonNull(offsets, "offsets must not be null");
    }

    /**
     * Reads a text with its labels. Tags of all {@linkplain TagScheme schemes} are read, and those without a prefix.
     *
     * @param row the row
     * @return the text
     * @throws TextFormatException if the row is wrong; the message names the file, the line and the place
     */
    public TaggedText read(TextRow row) {
        try {
            if (row.columns().contains(tokens)) {
                return TaggedText.ofTags(texts(row, tokens), texts(row, tags), TagScheme.IOB2);
            }
            if (row.columns().containsAll(List.of(DATA, ANNOTATIONS))) {
                return ofTask(row);
            }
            String whole = row.text(text);
            return TaggedText.ofSpans(whole, spans(row, whole));
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
    }

    private static List<String> texts(TextRow row, String column) {
        JsonNode values = row.value(column);
        if (!values.isArray()) {
            throw row.refuse(column + " must be a list of texts, found " + Json.describe(values));
        }
        List<String> texts = new ArrayList<>(values.size());
        for (JsonNode value : values) {
            if (!value.isTextual()) {
                throw row.refuse(column + " must be a list of texts, found " + Json.describe(value) + " at "
                        + texts.size() + "; write the names of tags and not their numbers");
            }
            texts.add(value.textValue());
        }
        return texts;
    }

    /** Reads a task of Label Studio. */
    private TaggedText ofTask(TextRow row) {
        JsonNode data = row.value(DATA).path(text);
        if (!data.isTextual()) {
            throw row.refuse(DATA + "." + text + " must be a text, found " + Json.describe(data));
        }
        String whole = row.requireText(DATA + "." + text, data.textValue());
        List<JsonNode> annotations = new ArrayList<>();
        for (JsonNode annotation : row.value(ANNOTATIONS)) {
            if (!annotation.path("was_cancelled").asBoolean()) {
                annotations.add(annotation.path("result"));
            }
        }
        if (annotations.size() != 1 || !annotations.get(0).isArray()) {
            throw row.refuse(ANNOTATIONS + " must have one with a result that was not cancelled, found "
                    + annotations.size() + "; keep the one that is right");
        }
        List<TextSpan> found = new ArrayList<>();
        for (JsonNode result : annotations.get(0)) {
            // Choices and relations are no spans.
            if (result.path("type").asText().equals("labels")) {
                found.add(span(row, whole, "labels[" + found.size() + "]", result.path("value")));
            }
        }
        return TaggedText.ofSpans(whole, found);
    }

    private List<TextSpan> spans(TextRow row, String whole) {
        String column = spans.stream()
                .filter(name -> row.columns().contains(name))
                .findFirst()
                .orElseThrow(() -> row.refuse("must have words and tags, " + tokens + " and " + tags
                        + ", or a text with spans in one of " + spans + ", found " + row.columns()));
        JsonNode values = row.value(column);
        // Label Studio writes null for a text without spans.
        if (!values.isArray() && !values.isNull()) {
            throw row.refuse(column + " must be a list of spans, found " + Json.describe(values));
        }
        List<TextSpan> found = new ArrayList<>(values.size());
        for (JsonNode value : values) {
            found.add(span(row, whole, column + "[" + found.size() + "]", value));
        }
        return found;
    }

    private TextSpan span(TextRow row, String whole, String where, JsonNode value) {
        boolean isList = value.isArray() && value.size() == VALUES_OF_SPAN;
        JsonNode start = isList ? value.get(0) : value.path("start");
        JsonNode end = isList ? value.get(1) : value.path("end");
        JsonNode label = isList ? value.get(2) : label(value);
        if (!start.isInt() || !end.isInt() || !label.isTextual()) {
            throw row.refuse(where + " must have a start, an end and one label, found " + Json.describe(value));
        }
        int characters = offsets == Offsets.UTF16 ? whole.length() : whole.codePointCount(0, whole.length());
        if (start.intValue() < 0 || end.intValue() <= start.intValue() || end.intValue() > characters) {
            throw row.refuse(where + " must lie in the text of " + characters + " characters, found " + start.intValue()
                    + " to " + end.intValue());
        }
        int from = place(whole, start.intValue());
        int to = place(whole, end.intValue());
        String said = isList ? "" : value.path("text").asText("");
        String found = whole.substring(from, to);
        if (!said.isEmpty() && !said.equals(found)) {
            throw row.refuse(where + " must be " + MessageText.quote(said) + " as its text says, found "
                    + MessageText.quote(found) + " at " + start.intValue() + " to " + end.intValue()
                    + "; its offsets may count in another way");
        }
        return new TextSpan(from, to, label.textValue());
    }

    private int place(String whole, int offset) {
        return offsets == Offsets.UTF16 ? offset : whole.offsetByCodePoints(0, offset);
    }

    /** The label of a span; nothing if there are several. */
    private static JsonNode label(JsonNode span) {
        JsonNode several = span.path("labels");
        return several.isMissingNode() ? span.path("label") : several.size() == 1 ? several.path(0) : several.path(-1);
    }
}
