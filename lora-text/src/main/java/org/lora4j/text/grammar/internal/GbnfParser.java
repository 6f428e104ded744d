package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.internal.MessageText;

/** GBNF, the grammars of llama.cpp: rules of literals, character classes, groups and counts, over characters in UTF-8. */
final class GbnfParser {
    private static final int MOST_DEPTH = 100;
    private static final int MOST_DIGITS = 9;
    private static final int HEX = 16;
    private static final int END = -1;
    private static final String ROOT = "root";

    private final Expressions all;
    private final Spelling spelling;
    private final int[] text;

    /** Where each rule is first used. */
    private final Map<String, Integer> uses = new LinkedHashMap<>();

    private final Set<String> defined = new HashSet<>();
    private final Map<String, Expression> classes = new HashMap<>();
    private int at;
    private int depth;

    private GbnfParser(Expressions all, String grammar) {
        this.all = all;
        spelling = Spelling.utf8(all);
        text = grammar.codePoints().toArray();
    }

    /** Returns what creates the expressions of a grammar. */
    static Function<Expressions, Expression> of(String grammar) {
        return all -> new GbnfParser(all, grammar).parse();
    }

    private Expression parse() {
        skipSpace(true);
        while (at < text.length) {
            rule();
            skipSpace(true);
        }
        uses.forEach((name, place) -> {
            if (!defined.contains(name)) {
                at = place;
                throw refuse("each rule that is used must be defined", MessageText.quote(name));
            }
        });
        if (!defined.contains(ROOT)) {
            throw refuse("there must be a rule 'root'", "none");
        }
        return all.reference(all.rule(this, ROOT));
    }

    private IllegalArgumentException refuse(String rule, String found) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(at, text.length); i++) {
            column = text[i] == '\n' ? 1 : column + 1;
            line += text[i] == '\n' ? 1 : 0;
        }
        return new IllegalArgumentException(
                "GBNF, line " + line + ", column " + column + ": " + rule + ", found " + found);
    }

    private IllegalArgumentException refuse(String rule) {
        return refuse(rule, next() == END ? "the end" : MessageText.quote(Character.toString(next())));
    }

    private int next() {
        return at < text.length ? text[at] : END;
    }

    private boolean skip(int character) {
        boolean isThere = next() == character;
        at += isThere ? 1 : 0;
        return isThere;
    }

    private void skipSpace(boolean withLines) {
        while (true) {
            int character = next();
            if (character == '#') {
                while (next() != END && next() != '\n' && next() != '\r') {
                    at++;
                }
            } else if (character == ' '
                    || character == '\t'
                    || (withLines && (character == '\n' || character == '\r'))) {
                at++;
            } else {
                return;
            }
        }
    }

    private static boolean isName(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }

    private String name() {
        int from = at;
        while (isName(next())) {
            at++;
        }
        if (at == from) {
            throw refuse("the name of a rule must have letters, digits and '-'");
        }
        return new String(text, from, at - from);
    }

    private void rule() {
        int from = at;
        String name = name();
        skipSpace(false);
        skipAll("::=", "the name of a rule must have '::=' behind it");
        if (!defined.add(name)) {
            at = from;
            throw refuse("each rule must be defined once", MessageText.quote(name) + " again");
        }
        skipSpace(true);
        all.rule(this, name).define(alternatives(false));
        if (next() != END && next() != '\n' && next() != '\r') {
            throw refuse("a rule must end with its line");
        }
    }

    private Expression alternatives(boolean isNested) {
        List<Expression> options = new ArrayList<>(List.of(sequence(isNested)));
        while (isAlternative(isNested)) {
            at++;
            skipSpace(true);
            options.add(sequence(isNested));
        }
        return all.or(options);
    }

    /** An alternative may begin on the next line. */
    private boolean isAlternative(boolean isNested) {
        int before = at;
        skipSpace(true);
        if (next() == '|') {
            return true;
        }
        at = isNested ? at : before;
        return false;
    }

    private Expression sequence(boolean isNested) {
        List<Expression> parts = new ArrayList<>();
        while (true) {
            int character = next();
            Expression one;
            if (character == '"') {
                one = literal();
            } else if (character == '[') {
                one = characters();
            } else if (character == '.') {
                at++;
                one = spelling.one(CodePoints.ALL);
            } else if (character == '(') {
                one = group();
            } else if (isName(character)) {
                int from = at;
                String name = name();
                uses.putIfAbsent(name, from);
                one = all.reference(all.rule(this, name));
            } else if (character == '*' || character == '+' || character == '?' || character == '{') {
                throw refuse("a count must stand behind something");
            } else if (character == '<') {
                one = token();
            } else if (character == '!') {
                throw refuse("tokens must not be excluded");
            } else {
                return all.sequence(parts);
            }
            skipSpace(isNested);
            parts.add(counted(one, isNested));
        }
    }

    /** A special or added token: {@code <[id]>}, or its text, whose first and last characters are these brackets. */
    private Expression token() {
        int from = at;
        at++;
        Expression token;
        if (skip('[')) {
            token = all.token(number());
            skipAll("]>", "the id of a token must be written as '<[id]>'");
        } else {
            while (next() != '>' && next() != END && next() != '\n') {
                at++;
            }
            skipAll(">", "a token must end with '>'");
            token = all.token(new String(text, from, at - from));
        }
        if (token == null) {
            String found = new String(text, from, at - from);
            at = from;
            throw refuse(
                    "a token must be a special or added one of the vocabulary; write other texts in quotation marks",
                    MessageText.quote(found));
        }
        return token;
    }

    private void skipAll(String characters, String rule) {
        for (int i = 0; i < characters.length(); i++) {
            if (!skip(characters.charAt(i))) {
                throw refuse(rule);
            }
        }
    }

    private Expression group() {
        depth++;
        if (depth > MOST_DEPTH) {
            throw refuse("groups must be nested at most " + MOST_DEPTH + " deep");
        }
        at++;
        skipSpace(true);
        Expression inner = alternatives(true);
        if (!skip(')')) {
            throw refuse("'(' must have a ')' behind it");
        }
        depth--;
        return inner;
    }

    private Expression counted(Expression one, boolean isNested) {
        Expression counted = one;
        while (true) {
            if (skip('*')) {
                counted = all.repeat(counted, 0, Repeat.UNBOUNDED);
            } else if (skip('+')) {
                counted = all.repeat(counted, 1, Repeat.UNBOUNDED);
            } else if (skip('?')) {
                counted = all.optional(counted);
            } else if (skip('{')) {
                counted = bounded(counted);
            } else {
                return counted;
            }
            skipSpace(isNested);
        }
    }

    private Expression bounded(Expression one) {
        skipSpace(false);
        int min = number();
        skipSpace(false);
        int max = min;
        if (skip(',')) {
            skipSpace(false);
            max = next() == '}' ? Repeat.UNBOUNDED : number();
            skipSpace(false);
        }
        if (!skip('}') || min > max) {
            throw refuse("a count must be '{m}', '{m,}' or '{m,n}' with n not less than m");
        }
        return all.repeat(one, min, max);
    }

    private int number() {
        int from = at;
        int value = 0;
        while (next() >= '0' && next() <= '9') {
            if (at - from == MOST_DIGITS) {
                throw refuse("a count must have at most " + MOST_DIGITS + " digits");
            }
            value = 10 * value + next() - '0';
            at++;
        }
        if (at == from) {
            throw refuse("a count must be a number");
        }
        return value;
    }

    private Expression literal() {
        at++;
        StringBuilder characters = new StringBuilder();
        while (!skip('"')) {
            if (next() == END || next() == '\n') {
                throw refuse("a literal must end with '\"'");
            }
            characters.appendCodePoint(character());
        }
        return spelling.text(characters.toString());
    }

    private Expression characters() {
        int from = at;
        at++;
        boolean isComplement = skip('^');
        CodePoints set = CodePoints.NONE;
        while (!skip(']')) {
            int first = member();
            int last = first;
            if (next() == '-' && at + 1 < text.length && text[at + 1] != ']') {
                at++;
                last = member();
                if (last < first) {
                    throw refuse("a range must go from a character to a later one");
                }
            }
            set = set.or(CodePoints.range(first, last));
        }
        CodePoints found = isComplement ? set.complement() : set;
        return classes.computeIfAbsent(new String(text, from, at - from), key -> spelling.one(found));
    }

    private int member() {
        if (next() == END || next() == '\n') {
            throw refuse("a class must end with ']'");
        }
        return character();
    }

    private int character() {
        int character = next();
        at++;
        if (character != '\\') {
            return whole(character);
        }
        int escape = next();
        at++;
        return switch (escape) {
            case 'x' -> whole(hex(2));
            case 'u' -> whole(hex(4));
            case 'U' -> whole(hex(8));
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'n' -> '\n';
            case '\\', '"', '[', ']' -> escape;
            default -> {
                at--;
                throw refuse("'\\' must have one of x, u, U, t, r, n, \\, \", [ and ] behind it");
            }
        };
    }

    private int whole(int character) {
        if (!Character.isValidCodePoint(character)
                || (character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE)) {
            throw refuse("a character must be one of Unicode", "the number " + Integer.toHexString(character));
        }
        return character;
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = next() == END ? -1 : Character.digit(next(), HEX);
            if (digit < 0) {
                throw refuse("an escape must have " + digits + " hexadecimal digits");
            }
            value = HEX * value + digit;
            at++;
        }
        return value;
    }
}
