package org.lora4j.text.internal;

/** What a template may use: a hostile one must end soon and not fill the memory. */
final class Budget {
    private static final long MOST_STEPS = 5_000_000;
    private static final long MOST_CHARACTERS = 200_000_000;
    private static final int MOST_DEPTH = 100;

    private long steps;
    private long characters;
    private int depth;

    void step() {
        if (++steps > MOST_STEPS) {
            throw new JinjaException("a template must end after " + MOST_STEPS + " steps, found one that goes on");
        }
    }

    void steps(long count) {
        steps += count;
        step();
    }

    /** Counts the characters of a new text before it is made. */
    void characters(long count) {
        characters += count;
        if (characters > MOST_CHARACTERS) {
            throw new JinjaException(
                    "a template must make at most " + MOST_CHARACTERS + " characters of text, found more");
        }
    }

    void enter() {
        if (++depth > MOST_DEPTH) {
            throw new JinjaException("a template must call macros at most " + MOST_DEPTH + " deep, found more");
        }
    }

    void leave() {
        depth--;
    }
}
