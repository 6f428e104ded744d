package org.lora4j.text.chat.internal;

/**
 * What a template may use: a hostile one must end soon and not fill the memory. Steps count what is done: one for each character
 * that is read or made, ten for an operation, twenty for an element of a list.
 */
final class Budget {
    static final int MOST_TEXT = 10_000_000;

    private static final long MOST_STEPS = 50_000_000;
    private static final int OPERATION = 10;
    private static final int ELEMENT = 20;
    private static final int MOST_LEVELS = 500;

    private long steps;
    private int levels;

    void operation() {
        steps(OPERATION);
    }

    /** Counts elements that are made or looked at. */
    void elements(long count) {
        steps(count > MOST_STEPS ? count : count * ELEMENT);
    }

    /** Counts characters that are read. */
    void read(long characters) {
        steps(characters);
    }

    /** Counts the characters of a text before it is made. */
    void text(long length) {
        if (length > MOST_TEXT) {
            throw new JinjaException(
                    "a text of a template must have at most " + MOST_TEXT + " characters, found " + length);
        }
        steps(length);
    }

    /** Counts characters that are added to a text of this length. */
    void grow(long length, long more) {
        if (length + more > MOST_TEXT) {
            text(length + more);
        }
        steps(more);
    }

    void steps(long count) {
        steps += count;
        if (steps > MOST_STEPS || count > MOST_STEPS) {
            throw new JinjaException("a template must end after " + MOST_STEPS
                    + " steps, of which each character counts, found one that goes on");
        }
    }

    /** Begins the call of a macro whose statements and expressions are nested so deep, or a filter that needs as much of the stack. */
    void enter(int depth) {
        levels += depth;
        if (levels > MOST_LEVELS) {
            throw new JinjaException(
                    "a template must call macros and filters at most " + MOST_LEVELS + " levels deep, found more");
        }
    }

    void leave(int depth) {
        levels -= depth;
    }
}
