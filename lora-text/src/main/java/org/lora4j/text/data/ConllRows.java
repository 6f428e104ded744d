package org.lora4j.text.data;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/**
 * The texts of a file in the form of CoNLL: a word in each line, then its columns, of which the last one is its tag, and an empty line behind
 * each text. A row has the lists {@code tokens} and {@code tags}. The columns are divided by tabs if the line has one, or else by spaces.
 * A line that begins with {@code -DOCSTART-} ends a text too. Lines that begin with {@code #} are left out if they have another number of
 * columns, or an equals sign in the last one.
 */
final class ConllRows implements Cursor<TextRow> {
    static final String TOKENS = "tokens";
    static final String TAGS = "tags";

    /** A text that is longer is no text, but a file without empty lines. */
    private static final int MOST_WORDS = 100_000;

    private static final String DOCUMENT = "-DOCSTART-";

    private final TextLines lines;

    /** How many columns the lines have; 0 before the first one. */
    private int columns;

    /** A line with its place. */
    private record Line(long number, long offset, List<String> columns) {
        boolean mayBeComment() {
            return columns.get(0).startsWith("#");
        }

        /** As in {@code # id 7 domain=en}; no tag has such a sign. */
        boolean hasSetting() {
            return columns.get(columns.size() - 1).contains("=");
        }
    }

    ConllRows(TextLines lines) {
        this.lines = lines;
    }

    @Override
    public @Nullable TextRow next() {
        List<Line> text = text();
        while (text != null && text.isEmpty()) {
            text = text();
        }
        return text == null ? null : row(text);
    }

    /** Reads up to the next empty line, also if a line is wrong; null at the end of the file. */
    private @Nullable List<Line> text() {
        List<Line> text = new ArrayList<>();
        TextFormatException wrong = null;
        boolean hasLine = false;
        while (true) {
            try {
                String line = lines.next();
                if (line == null || line.isBlank() || line.startsWith(DOCUMENT)) {
                    if (wrong != null) {
                        throw wrong;
                    }
                    return line == null && !hasLine ? null : withoutComments(text);
                }
                hasLine = true;
                text.add(new Line(lines.line(), lines.offset(), columns(line)));
                if (text.size() > MOST_WORDS) {
                    throw TextFormatException.ofRest(
                            lines.file(),
                            lines.line(),
                            "a text must have at most " + MOST_WORDS
                                    + " words, and an empty line behind it, found more words");
                }
            } catch (TextFormatException e) {
                if (e.ends() || e == wrong) {
                    throw e;
                }
                hasLine = true;
                wrong = wrong == null ? e : wrong;
            }
        }
    }

    private static List<String> columns(String line) {
        String content = line.strip();
        return List.of(content.split(content.indexOf('\t') >= 0 ? "\t" : " +", -1));
    }

    private List<Line> withoutComments(List<Line> text) {
        if (columns == 0) {
            columns = text.stream()
                    .filter(line -> !line.mayBeComment())
                    .mapToInt(line -> line.columns.size())
                    .findFirst()
                    .orElse(0);
        }
        return text.stream()
                .filter(line -> !line.mayBeComment() || (line.columns.size() == columns && !line.hasSetting()))
                .toList();
    }

    private TextRow row(List<Line> text) {
        ObjectNode row = StrictJson.MAPPER.createObjectNode();
        ArrayNode tokens = row.putArray(TOKENS);
        ArrayNode tags = row.putArray(TAGS);
        for (Line line : text) {
            if (line.columns.size() < 2) {
                throw TextFormatException.ofLine(
                        lines.file(), line.number, "must have a word and its tag, found one column");
            }
            if (line.columns.size() != columns) {
                throw TextFormatException.ofLine(
                        lines.file(),
                        line.number,
                        "must have as many columns as the lines before it, " + columns + ", found "
                                + line.columns.size());
            }
            tokens.add(line.columns.get(0));
            tags.add(line.columns.get(columns - 1));
        }
        return new TextRow(lines.file(), text.get(0).number, text.get(0).offset, row);
    }

    @Override
    public void close() {
        lines.close();
    }
}
