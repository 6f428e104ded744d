package org.lora4j.nn.internal;

/**
 * What the random numbers of a step depend on beside the seed, shared by the layers of a pass: its number, and where its
 * batch begins if it is part of a larger one.
 */
final class PassStep {
    private long next;
    private long number;
    private long examplesBefore;
    private long tokensBefore;

    /** The number of the step that was begun last. */
    long number() {
        return number;
    }

    /** Sets the number of the next step. */
    void setNext(long value) {
        next = value;
    }

    /** Begins the next step. */
    void begin() {
        number = next++;
    }

    /** The examples of the larger batch before this part. */
    long examplesBefore() {
        return examplesBefore;
    }

    /** Their tokens, if examples are sequences. */
    long tokensBefore() {
        return tokensBefore;
    }

    void setBefore(long examples, long tokens) {
        examplesBefore = examples;
        tokensBefore = tokens;
    }
}
