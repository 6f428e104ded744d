package org.lora4j.nn.internal;

/** The number of a pass's step, shared by its layers. */
final class PassStep {
    private long number;

    long number() {
        return number;
    }

    void set(long value) {
        number = value;
    }
}
