package org.lora4j.text.data;

import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * The sentences of a file of CoNLL: a word in each line with its tag as the last column, and an empty line behind each sentence. Columns
 * have tabs or, in a line without one, spaces between them.
 */
final class ConllLines implements Cursor<TaggedText> {
    /** What begins the documents of CoNLL-2003. */
    private static final String DOCUMENT = "-DOCSTART-";

    /** What begins a comment, in front of the first word of a sentence. */
    private static final String COMMENT = "# ";

    private final TextLines lines;

    ConllLines(TextLines lines) {
        this.lines = lines;
    }

    @Override
    public @Nullable TaggedText next() {
        List<String> words = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (isEnd(line)) {
                if (!words.isEmpty()) {
                    return example(words, tags);
                }
            } else if (!words.isEmpty() || !line.startsWith(COMMENT)) {
                List<String> columns = columns(line);
                if (columns.size() < 2) {
                    throw refuse("must be a word and its tag with a tab or a space between them, found "
                            + columns.size() + " columns");
                }
                words.add(columns.get(0));
                tags.add(columns.get(columns.size() - 1));
            }
        }
        return words.isEmpty() ? null : example(words, tags);
    }

    private static boolean isEnd(String line) {
        return line.isBlank() || line.startsWith(DOCUMENT);
    }

    private static List<String> columns(String line) {
        StringTokenizer parts = new StringTokenizer(line, line.indexOf('\t') >= 0 ? "\t\r\n" : " \r\n");
        List<String> columns = new ArrayList<>();
        while (parts.hasMoreTokens()) {
            columns.add(parts.nextToken());
        }
        return columns;
    }

    /** Prefixes are read whatever the scheme is: see {@link TagScheme#runs}. */
    private static TaggedText example(List<String> words, List<String> tags) {
        return TaggedText.ofTags(words, tags, TagScheme.IOB2);
    }

    /** Refuses a line, and goes on behind its sentence, whose rest would be another one. */
    private TextFormatException refuse(String message) {
        TextFormatException refused = TextFormatException.ofLine(lines.file(), lines.line(), message);
        String line = lines.next();
        while (line != null && !isEnd(line)) {
            line = lines.next();
        }
        return refused;
    }

    @Override
    public void close() {
        lines.close();
    }
}
