package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Divides an answer that comes part by part into what is thought and what is said. However it is divided, the parts together are the same. */
final class ThoughtReader {
    /** The most characters of a mark, with white space. */
    private static final int MOST_MARKS = 256;

    /**
     * A piece.
     *
     * @param text at least one character
     */
    record Piece(boolean isThought, String text) {}

    private final ThoughtFormat format;

    /** What is not certain yet. */
    private final StringBuilder buffer = new StringBuilder();

    private final StringBuilder certain = new StringBuilder();
    private final List<Piece> pieces = new ArrayList<>();
    private boolean isThinking;

    /** Whether something was said, so that marks of thoughts are text. */
    private boolean hasSpoken;

    private boolean ended;

    ThoughtReader(ThoughtFormat format, boolean isThinking) {
        this.format = format;
        this.isThinking = isThinking;
    }

    List<Piece> add(String text) {
        buffer.append(text);
        return take();
    }

    List<Piece> end() {
        ended = true;
        return take();
    }

    private List<Piece> take() {
        int from = 0;
        while (from < buffer.length()) {
            int next = step(from);
            if (next < 0) {
                break;
            }
            from = next;
        }
        buffer.delete(0, from);
        endPiece();
        List<Piece> taken = List.copyOf(pieces);
        pieces.clear();
        return taken;
    }

    /** Takes what begins at a character, and returns where the rest begins; -1 if that is not certain. */
    private int step(int from) {
        Pattern mark = isThinking ? format.end() : !hasSpoken || format.dropped() != null ? format.begin() : null;
        if (mark == null) {
            certain.append(buffer, from, buffer.length());
            return buffer.length();
        }
        Matcher found = at(mark, from);
        if (isOpen(found, from)) {
            return -1;
        }
        if (found.lookingAt()) {
            endPiece();
            isThinking = !isThinking;
            return found.end();
        }
        Pattern none = isThinking ? null : format.dropped();
        if (none != null) {
            Matcher dropped = at(none, from);
            if (isOpen(dropped, from)) {
                return -1;
            }
            if (dropped.lookingAt()) {
                return dropped.end();
            }
        }
        char c = buffer.charAt(from);
        certain.append(c);
        hasSpoken |= !isThinking && !Character.isWhitespace(c);
        return from + 1;
    }

    private Matcher at(Pattern pattern, int from) {
        return pattern.matcher(buffer).region(from, buffer.length());
    }

    /** Whether what comes next can change what is found. */
    private boolean isOpen(Matcher matcher, int from) {
        boolean unused = matcher.lookingAt();
        return matcher.hitEnd() && !ended && buffer.length() - from < MOST_MARKS;
    }

    private void endPiece() {
        if (!certain.isEmpty()) {
            pieces.add(new Piece(isThinking, certain.toString()));
            certain.setLength(0);
        }
    }
}
