package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.MessageText;

/**
 * Regular expressions of ECMA-262, as JSON Schema has them: characters, classes, groups, alternatives and counts. They are found
 * anywhere in a text, unless {@code ^} and {@code $} stand at the ends of the pattern or of its alternatives. Everything that looks
 * around, such as {@code \b}, and references to groups are refused.
 */
final class PatternParser {
    private static final int MOST_CHARACTERS = 20_000;
    private static final int MOST_DEPTH = 100;
    private static final int MOST_DIGITS = 9;
    private static final int HEX = 16;
    private static final CodePoints DIGITS = CodePoints.range('0', '9');
    private static final CodePoints WORD =
            DIGITS.or(CodePoints.range('a', 'z')).or(CodePoints.range('A', 'Z')).or(CodePoints.of("_"));
    private static final CodePoints SPACES = CodePoints.range('\t', '\r')
            .or(CodePoints.range(0x2000, 0x200A))
            .or(CodePoints.of(" \u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF"));
    private static final CodePoints NO_LINE_END =
            CodePoints.of("\n\r\u2028\u2029").complement();

    private final Spelling spelling;
    private final Expressions all;
    private final String place;
    private final int[] text;
    private final Map<CodePoints, Expression> characters = new HashMap<>();
    private int at;
    private int depth;

    private PatternParser(Spelling spelling, String pattern, String place) {
        this.spelling = spelling;
        this.place = place;
        all = spelling.expressions();
        if (pattern.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException(place + ": a pattern must have at most " + MOST_CHARACTERS
                    + " characters, found " + pattern.length() + "; use a shorter one");
        }
        text = pattern.codePoints().toArray();
    }

    /**
     * Returns the texts in which a pattern is found.
     *
     * @throws IllegalArgumentException if it is none, or has something that is not supported; the message has the place
     */
    static Expression parse(Spelling spelling, String pattern, String place) {
        PatternParser parser = new PatternParser(spelling, pattern, place);
        List<List<Item>> alternatives = parser.alternatives();
        if (parser.at < parser.text.length) {
            throw parser.refuse("')' must have a '(' before it");
        }
        return parser.expression(alternatives, true, true);
    }

    private enum Anchor {
        NONE,
        START,
        END
    }

    /** A character, a group or an anchor, with its count. */
    private record Item(CodePoints set, List<List<Item>> group, Anchor anchor, int min, int max) {
        static Item of(CodePoints set) {
            return new Item(set, List.of(), Anchor.NONE, 1, 1);
        }

        static Item of(Anchor anchor) {
            return new Item(CodePoints.NONE, List.of(), anchor, 1, 1);
        }

        static Item of(List<List<Item>> group) {
            return new Item(CodePoints.NONE, group, Anchor.NONE, 1, 1);
        }

        Item times(int least, int most) {
            return new Item(set, group, anchor, least, most);
        }

        boolean hasAnchors() {
            return anchor != Anchor.NONE
                    || group.stream().anyMatch(items -> items.stream().anyMatch(Item::hasAnchors));
        }

        boolean isOnce() {
            return min == 1 && max == 1;
        }
    }

    private Expression expression(List<List<Item>> alternatives, boolean atStart, boolean atEnd) {
        List<Expression> options = new ArrayList<>();
        for (List<Item> items : alternatives) {
            options.add(expressionOf(items, atStart, atEnd));
        }
        return all.or(options);
    }

    /** The items of an alternative, with any text before and behind where a search may start or end. */
    private Expression expressionOf(List<Item> items, boolean atStart, boolean atEnd) {
        int from = 0;
        int end = items.size();
        while (atStart && from < end && items.get(from).anchor() == Anchor.START) {
            from++;
        }
        while (atEnd && end > from && items.get(end - 1).anchor() == Anchor.END) {
            end--;
        }
        boolean isOpenBefore = atStart && from == 0;
        boolean isOpenBehind = atEnd && end == items.size();
        List<Expression> parts = new ArrayList<>();
        for (int i = from; i < end; i++) {
            Item item = items.get(i);
            boolean hasInnerAnchors = item.hasAnchors();
            boolean first = isOpenBefore && i == from && hasInnerAnchors && item.isOnce();
            boolean last = isOpenBehind && i == end - 1 && hasInnerAnchors && item.isOnce();
            if (isOpenBefore && i == from && !first) {
                parts.add(spelling.any());
            }
            if (item.anchor() != Anchor.NONE || (hasInnerAnchors && !first && !last)) {
                throw new IllegalArgumentException(
                        place + ": '^' and '$' must be at the beginning and at the end of a pattern"
                                + " or of its alternatives, found others in " + quoted());
            }
            Expression one = item.group().isEmpty()
                    ? characters.computeIfAbsent(item.set(), spelling::one)
                    : expression(item.group(), first, last);
            parts.add(all.repeat(one, item.min(), item.max()));
            if (isOpenBehind && i == end - 1 && !last) {
                parts.add(spelling.any());
            }
        }
        if (from == end && (isOpenBefore || isOpenBehind)) {
            parts.add(spelling.any());
        }
        return all.sequence(parts);
    }

    private IllegalArgumentException refuse(String rule) {
        return new IllegalArgumentException(place + ": " + rule + ", found " + quoted() + " at character " + at);
    }

    private String quoted() {
        return MessageText.quote(new String(text, 0, text.length));
    }

    private boolean isNext(int character) {
        return at < text.length && text[at] == character;
    }

    private boolean skip(int character) {
        boolean isThere = isNext(character);
        at += isThere ? 1 : 0;
        return isThere;
    }

    private boolean skip(String some) {
        if (at + some.length() > text.length || !new String(text, at, some.length()).equals(some)) {
            return false;
        }
        at += some.length();
        return true;
    }

    private List<List<Item>> alternatives() {
        List<List<Item>> alternatives = new ArrayList<>(List.of(items()));
        while (skip('|')) {
            alternatives.add(items());
        }
        return alternatives;
    }

    private List<Item> items() {
        List<Item> items = new ArrayList<>();
        while (at < text.length && text[at] != '|' && text[at] != ')') {
            items.add(counted(item()));
        }
        return items;
    }

    private Item item() {
        int character = text[at];
        at++;
        return switch (character) {
            case '^' -> Item.of(Anchor.START);
            case '$' -> Item.of(Anchor.END);
            case '.' -> Item.of(NO_LINE_END);
            case '(' -> group();
            case '[' -> Item.of(set());
            case '\\' -> Item.of(escaped(false));
            case '*', '+', '?', '{' -> {
                at--;
                throw refuse("a count such as '*' or '{' must stand behind something, or be escaped");
            }
            default -> Item.of(single(character));
        };
    }

    private CodePoints single(int character) {
        if (character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE) {
            throw refuse("half a character must not stand alone");
        }
        return CodePoints.range(character, character);
    }

    private Item group() {
        if (skip('?') && !skip(':')) {
            boolean isNamed = isNext('<') && at + 1 < text.length && Character.isLetter(text[at + 1]);
            if (!isNamed) {
                throw refuse("a group must be '(', '(?:' or '(?<name>', because nothing can look around");
            }
            while (at < text.length && text[at] != '>') {
                at++;
            }
            at++;
        }
        depth++;
        if (depth > MOST_DEPTH) {
            throw refuse("groups must be nested at most " + MOST_DEPTH + " deep");
        }
        Item group = Item.of(alternatives());
        depth--;
        if (!skip(')')) {
            throw refuse("'(' must have a ')' behind it");
        }
        return group;
    }

    private Item counted(Item item) {
        int least = 1;
        int most = 1;
        if (skip('*')) {
            least = 0;
            most = Repeat.UNBOUNDED;
        } else if (skip('+')) {
            most = Repeat.UNBOUNDED;
        } else if (skip('?')) {
            least = 0;
        } else if (skip('{')) {
            least = number();
            most = !skip(',') ? least : isNext('}') ? Repeat.UNBOUNDED : number();
            if (!skip('}') || least > most) {
                throw refuse("a count must be '{m}', '{m,}' or '{m,n}' with n not less than m");
            }
        } else {
            return item;
        }
        if (item.anchor() != Anchor.NONE) {
            throw refuse("'^' and '$' must have no count");
        }
        // Whether a text fits does not depend on which of its parts are as short as possible.
        skip('?');
        return item.times(least, most);
    }

    private int number() {
        int from = at;
        int value = 0;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            if (at - from == MOST_DIGITS) {
                throw refuse("a count must have at most " + MOST_DIGITS + " digits");
            }
            value = 10 * value + text[at] - '0';
            at++;
        }
        if (at == from) {
            throw refuse("a count must be a number, or '{' be escaped");
        }
        return value;
    }

    private CodePoints set() {
        boolean isComplement = skip('^');
        CodePoints set = CodePoints.NONE;
        while (!isNext(']')) {
            CodePoints first = member();
            if (isNext('-') && at + 1 < text.length && text[at + 1] != ']') {
                at++;
                CodePoints last = member();
                if (!first.isSingle() || !last.isSingle() || first.first(0) > last.first(0)) {
                    throw refuse("a range must go from one character to a later one");
                }
                set = set.or(CodePoints.range(first.first(0), last.first(0)));
            } else {
                set = set.or(first);
            }
        }
        at++;
        return isComplement ? set.complement() : set;
    }

    private CodePoints member() {
        if (at >= text.length) {
            throw refuse("'[' must have a ']' behind it");
        }
        int character = text[at];
        at++;
        return character == '\\' ? escaped(true) : single(character);
    }

    private CodePoints escaped(boolean inSet) {
        if (at >= text.length) {
            throw refuse("'\\' must have a character behind it");
        }
        int character = text[at];
        at++;
        return switch (character) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.complement();
            case 'w' -> WORD;
            case 'W' -> WORD.complement();
            case 's' -> SPACES;
            case 'S' -> SPACES.complement();
            case 't' -> single('\t');
            case 'n' -> single('\n');
            case 'r' -> single('\r');
            case 'f' -> single('\f');
            case 'v' -> single(0xB);
            case 'x' -> single(hex(2));
            case 'u' -> single(unicode());
            case '0' -> {
                if (at < text.length && DIGITS.contains(text[at])) {
                    throw refuse("'\\0' must have no digit behind it");
                }
                yield single(0);
            }
            case 'b' -> {
                if (!inSet) {
                    throw refuse("'\\b' must stand in a class, because nothing can look around");
                }
                yield single('\b');
            }
            default -> {
                if (character < 128 && Character.isLetterOrDigit(character)) {
                    throw refuse(
                            "the escape of a letter or digit must be one of d, w, s, D, W, S, t, n, r, f, v, x, u and 0");
                }
                yield single(character);
            }
        };
    }

    private int unicode() {
        if (skip('{')) {
            int value = 0;
            int from = at;
            while (at < text.length && text[at] != '}' && at - from < 6) {
                value = HEX * value + hex(1);
            }
            if (!skip('}') || value > Character.MAX_CODE_POINT) {
                throw refuse("'\\u{' must have up to 6 hexadecimal digits of a character and '}' behind it");
            }
            return value;
        }
        int value = hex(4);
        if (Character.isHighSurrogate((char) value) && skip("\\u")) {
            int low = hex(4);
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) value, (char) low);
            }
            throw refuse("half a character must not stand alone");
        }
        return value;
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < text.length ? Character.digit(text[at], HEX) : -1;
            if (digit < 0) {
                throw refuse("an escape must have " + digits + " hexadecimal digits");
            }
            value = HEX * value + digit;
            at++;
        }
        return value;
    }
}
