package org.lora4j.text.tools;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@link LiteralArguments}: texts, numbers, truth values, nothing, lists and dictionaries. Names may have quotation marks or none, and
 * words may be those of Python or of JSON.
 *
 * <p>A quotation mark in a text ends it only if a comma, a colon or a bracket follows. So a text is read whose quotation marks have no
 * escapes, as some templates write it.
 */
final class LiteralBody extends NamedBody {
    private static final int MOST_DEPTH = 500;
    private static final int MOST_WORD = 512;
    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?");
    private static final String AFTER_TEXT = ",)]}";
    private static final String ESCAPES = "nrtbfav";
    private static final String ESCAPED = "\n\r\t\b\f\u0007\u000B";

    /** What may come next. */
    private enum Expected {
        /** The parenthesis or brace of the arguments(). */
        OPEN,
        /** A name, or the end of what has them. */
        NAME_OR_END,
        ASSIGN,
        VALUE,
        /** A value, or the end of a list. */
        VALUE_OR_END,
        COMMA_OR_END
    }

    private final LiteralArguments form;

    /** What ends the lists and dictionaries that are open, the innermost first. */
    private final Deque<Character> open = new ArrayDeque<>();

    private Expected expected = Expected.OPEN;

    /** Whether a comma came that is written when something follows on it. */
    private boolean hasComma;

    /** A word or number that grows; empty for none. */
    private final StringBuilder word = new StringBuilder();

    /** What ends the text that grows; null outside of texts. */
    private @Nullable String quote;

    /** In a text: an escape that grows, or what may be its end, with white space after it. */
    private final StringBuilder held = new StringBuilder();

    LiteralBody(LiteralArguments form, @Nullable String id, String function) {
        super(id, function, "");
        this.form = form;
    }

    @Override
    public State add(char c) {
        if (quote != null) {
            return inText(c, quote);
        }
        if (isWord(c)) {
            word.append(c);
            return word.length() > MOST_WORD ? State.BROKEN : State.MORE;
        }
        if (!word.isEmpty() && !isQuote() && !endWord()) {
            return State.BROKEN;
        }
        return Character.isWhitespace(c) ? State.MORE : sign(c);
    }

    private static boolean isWord(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '-' || c == '+' || c == '$';
    }

    /** Whether what grows is the beginning of a quotation mark of several characters. */
    private boolean isQuote() {
        return word.charAt(0) == '<';
    }

    /** Takes the word that has ended, as a name or as a value. */
    private boolean endWord() {
        String text = word.toString();
        word.setLength(0);
        if (isName()) {
            return LiteralArguments.isName(text) && name(ToolJson.write("a name", text));
        }
        if (!isValue()) {
            return false;
        }
        String json = PythonWords.json(text);
        boolean isKnown = json.equals("true")
                || json.equals("false")
                || json.equals("null")
                || NUMBER.matcher(json).matches();
        if (!isKnown && form.quote() == null) {
            return false;
        }
        begin(isKnown ? json : ToolJson.write("a value", text));
        expected = Expected.COMMA_OR_END;
        return true;
    }

    private boolean isName() {
        return expected == Expected.NAME_OR_END;
    }

    private boolean isValue() {
        return expected == Expected.VALUE || expected == Expected.VALUE_OR_END;
    }

    private boolean name(String json) {
        begin(json);
        expected = Expected.ASSIGN;
        return true;
    }

    private State sign(char c) {
        String marks = form.quote();
        if (marks != null && isQuote(c, marks)) {
            word.append(c);
            if (word.toString().equals(marks)) {
                word.setLength(0);
                return beginText(marks);
            }
            return State.MORE;
        }
        if (!word.isEmpty()) {
            return State.BROKEN;
        }
        if (c == '"' || c == '\'') {
            return beginText(String.valueOf(c));
        }
        return switch (expected) {
            case OPEN -> c == form.open() ? begin('{', form.close()) : State.BROKEN;
            case NAME_OR_END -> end(c);
            case ASSIGN -> c == (open.size() == 1 ? form.assign() : ':') ? assign() : State.BROKEN;
            case VALUE, VALUE_OR_END -> beginValue(c);
            case COMMA_OR_END -> c == ',' ? comma() : end(c);
        };
    }

    private boolean isQuote(char c, String marks) {
        return word.length() < marks.length()
                && marks.charAt(word.length()) == c
                && (word.isEmpty() || marks.startsWith(word.toString()));
    }

    /** Writes the beginning of a name or a value, with the comma before it. */
    private void begin(String json) {
        arguments().append(hasComma ? ", " : "").append(json);
        hasComma = false;
    }

    private State begin(char json, char end) {
        begin(String.valueOf(json));
        open.push(end);
        expected = json == '{' ? Expected.NAME_OR_END : Expected.VALUE_OR_END;
        return open.size() > MOST_DEPTH ? State.BROKEN : State.MORE;
    }

    private State assign() {
        arguments().append(": ");
        expected = Expected.VALUE;
        return State.MORE;
    }

    private State beginValue(char c) {
        return switch (c) {
            case '{' -> begin('{', '}');
            case '[' -> begin('[', ']');
            case '(' -> begin('[', ')');
            default -> expected == Expected.VALUE_OR_END ? end(c) : State.BROKEN;
        };
    }

    private State comma() {
        hasComma = true;
        expected = isInList() ? Expected.VALUE_OR_END : Expected.NAME_OR_END;
        return State.MORE;
    }

    private boolean isInList() {
        return innermost() == ']' || (innermost() == ')' && open.size() > 1);
    }

    private char innermost() {
        return open.element();
    }

    private State end(char c) {
        if (c != innermost()) {
            return State.BROKEN;
        }
        boolean isList = isInList();
        open.pop();
        // A comma after the last element says nothing.
        hasComma = false;
        arguments().append(isList ? ']' : '}');
        expected = Expected.COMMA_OR_END;
        if (!open.isEmpty()) {
            return State.MORE;
        }
        return ToolJson.isObject(arguments().toString()) ? State.DONE : State.BROKEN;
    }

    private State beginText(String marks) {
        if (!isValue() && !(isName() && (open.size() > 1 || form.quote() != null))) {
            return State.BROKEN;
        }
        quote = marks;
        held.setLength(0);
        begin("\"");
        return State.MORE;
    }

    private State inText(char c, String marks) {
        if (marks.length() > 1) {
            return inPlainText(c, marks);
        }
        held.append(c);
        char first = held.charAt(0);
        if (first == '\\') {
            if (held.length() > 1) {
                addEscape();
            }
            return State.MORE;
        }
        if (first != marks.charAt(0)) {
            takeHeld();
            return State.MORE;
        }
        if (held.length() == 1 || Character.isWhitespace(c)) {
            return held.length() > MOST_WORD ? State.BROKEN : State.MORE;
        }
        if (isName() ? c == ':' : AFTER_TEXT.indexOf(c) >= 0) {
            endText();
            return add(c);
        }
        // It was no end. What follows on it can be one, or an escape.
        String more = held.toString();
        held.setLength(0);
        append(more.substring(0, 1));
        for (int i = 1; i < more.length(); i++) {
            State state = inText(more.charAt(i), marks);
            if (state != State.MORE) {
                return state;
            }
        }
        return State.MORE;
    }

    private State inPlainText(char c, String marks) {
        held.append(c);
        if (held.length() >= marks.length()
                && held.substring(held.length() - marks.length()).equals(marks)) {
            held.setLength(held.length() - marks.length());
            takeHeld();
            endText();
        } else if (held.length() >= 2 * marks.length()) {
            int certain = held.length() - marks.length();
            certain -= Character.isHighSurrogate(held.charAt(certain - 1)) ? 1 : 0;
            append(held.substring(0, certain));
            held.delete(0, certain);
        }
        return State.MORE;
    }

    private void endText() {
        arguments().append('"');
        held.setLength(0);
        quote = null;
        expected = isName() ? Expected.ASSIGN : Expected.COMMA_OR_END;
    }

    private void takeHeld() {
        append(held.toString());
        held.setLength(0);
    }

    private void append(String text) {
        arguments().append(JsonStringEncoder.getInstance().quoteAsString(text));
    }

    /** Takes an escape if it is complete. What Python does not know stands as it is. */
    private void addEscape() {
        char kind = held.charAt(1);
        int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        if (digits > 0) {
            char last = held.charAt(held.length() - 1);
            boolean isDigit = held.length() == 2 || Character.digit(last, 16) >= 0;
            if (isDigit && held.length() < 2 + digits) {
                return;
            }
            int point = isDigit ? Integer.parseUnsignedInt(held.substring(2), 16) : -1;
            boolean isCharacter = isDigit && Character.isValidCodePoint(point);
            String text = isCharacter ? new String(Character.toChars(point)) : held.toString();
            held.setLength(0);
            append(text);
            return;
        }
        int at = ESCAPES.indexOf(kind);
        if (at >= 0) {
            held.replace(0, 2, ESCAPED.substring(at, at + 1));
        } else if (kind == '\\' || kind == '\'' || kind == '"') {
            held.deleteCharAt(0);
        }
        takeHeld();
    }
}
