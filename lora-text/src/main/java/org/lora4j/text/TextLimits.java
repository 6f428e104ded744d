package org.lora4j.text;

import org.lora4j.serve.FairLimiter;

/** How much text of clients is turned into tokens at the same time. */
final class TextLimits {
    /** The native tokenizer takes up to 240 bytes for a character, apart from the heap. */
    private static final int MOST_CHARACTERS = 1_000_000;

    /** The text, its rendered form and what a template computes take some bytes of the heap for a character. */
    private static final int HEAP_PER_CHARACTER = 128;

    private TextLimits() {}

    static FairLimiter newLimiter() {
        Runtime runtime = Runtime.getRuntime();
        long heap = Math.max(1, runtime.maxMemory() / HEAP_PER_CHARACTER);
        return new FairLimiter((int) Math.min(MOST_CHARACTERS, heap), runtime.availableProcessors());
    }
}
