package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;

/**
 * A query or a document with its name.
 *
 * @param id the name
 * @param text the text; of a document with a title, that, a space and the text
 */
public record SearchText(String id, String text) {
    private static final String ID = "_id";
    private static final String TITLE = "title";
    private static final String TEXT = "text";

    /**
     * Checks that nothing is null.
     *
     * @param id the name
     * @param text the text
     */
    public SearchText {
        Objects.requireNonNull(id, "id must not be null");
        Objects.requireNonNull(text, "text must not be null");
    }

    /**
     * Reads a row of {@code corpus.jsonl} or {@code queries.jsonl} of BEIR: {@code _id}, {@code text}, and maybe {@code title}.
     *
     * @param row the row
     * @return the text with its name; a title stands before it with a space, as BEIR embeds it
     * @throws TextFormatException if the row has no name, one with white space, or neither a title nor a text
     */
    public static SearchText of(TextRow row) {
        String id = row.label(ID);
        if (id.codePoints().anyMatch(Character::isWhitespace)) {
            throw row.refuse(ID + " must have no white space, which separates the values of a run, found '" + id + "'");
        }
        boolean hasTitle = row.columns().contains(TITLE);
        String text = ((hasTitle ? optional(row, TITLE) : "") + " " + optional(row, TEXT)).strip();
        return new SearchText(id, row.requireText(hasTitle ? TITLE + " and " + TEXT : TEXT, text));
    }

    /** The text of a column, which may be empty if another one has text. */
    private static String optional(TextRow row, String column) {
        JsonNode value = row.value(column);
        if (value.isNull()) {
            return "";
        }
        return value.isTextual() ? value.textValue() : row.text(column);
    }
}
