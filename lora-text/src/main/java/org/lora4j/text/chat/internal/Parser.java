package org.lora4j.text.chat.internal;

import java.util.List;
import org.lora4j.text.chat.internal.Token.Kind;

/** Reads tokens one after the other, and counts how deep what it reads is nested. */
class Parser {
    private static final int MOST_DEPTH = 100;

    private final List<Token> tokens;
    private int position;
    private int depth;
    private int deepest;

    Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    final Token peek() {
        return tokens.get(position);
    }

    /** The token after the next. */
    final Token second() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    final Token next() {
        return peek().kind() == Kind.END ? peek() : tokens.get(position++);
    }

    final boolean accept(Kind kind, String text) {
        if (peek().is(kind, text)) {
            position++;
            return true;
        }
        return false;
    }

    final boolean operator(String text) {
        return accept(Kind.OPERATOR, text);
    }

    final boolean keyword(String text) {
        return accept(Kind.NAME, text);
    }

    final boolean isOperator(String text) {
        return peek().is(Kind.OPERATOR, text);
    }

    final void require(Kind kind, String text) {
        if (!accept(kind, text)) {
            throw expected(text.isEmpty() ? kind.title : "'" + text + "'");
        }
    }

    final String name() {
        if (peek().kind() != Kind.NAME) {
            throw expected("a name");
        }
        return next().text();
    }

    final JinjaException expected(String what) {
        return new JinjaException(peek().line(), "must have " + what + ", found " + peek().title());
    }

    final void enter() {
        deepest = Math.max(deepest, ++depth);
        if (depth > MOST_DEPTH) {
            throw new JinjaException(
                    peek().line(), "a template must be nested at most " + MOST_DEPTH + " deep, found more");
        }
    }

    final void leave() {
        depth--;
    }

    /** Begins to measure how deep a macro is nested, and returns what {@link #endDepth} needs. */
    final int beginDepth() {
        int outer = deepest;
        deepest = depth;
        return outer;
    }

    final int endDepth(int outer) {
        int found = deepest - depth + 1;
        deepest = Math.max(deepest, outer);
        return found;
    }
}
