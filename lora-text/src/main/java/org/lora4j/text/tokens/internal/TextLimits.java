package org.lora4j.text.tokens.internal;

import org.lora4j.serve.FairLimiter;

/** How much text of clients is turned into tokens at the same time. */
public final class TextLimits {
    /** The native tokenizer takes up to 240 bytes for a character, apart from the heap. */
    private static final int MOST_CHARACTERS = 1_000_000;

    /** The text, its rendered form and what a template computes take some bytes of the heap for a character. */
    private static final int HEAP_PER_CHARACTER = 128;

    /**
     * The texts of encoders up to this size become tokens in the thread that asks: to wake another one and to wait for it takes 0.5 ms,
     * and a sentence 8 ms in all. The native memory that this thread keeps is at most 1 MB.
     */
    private static final int SMALL_TEXT = 4096;

    private TextLimits() {}

    /**
     * Creates a limiter for texts, whose tokens take a time that is known.
     *
     * @return the limiter of an encoder
     */
    public static FairLimiter forEncoder() {
        return limiter(SMALL_TEXT);
    }

    /**
     * Creates a limiter for conversations, whose template can take any time.
     *
     * @return the limiter of a decoder
     */
    public static FairLimiter forDecoder() {
        return limiter(0);
    }

    private static FairLimiter limiter(int small) {
        Runtime runtime = Runtime.getRuntime();
        long heap = Math.max(1, runtime.maxMemory() / HEAP_PER_CHARACTER);
        int ofOne = runtime.availableProcessors();
        // One adapter can use all processors, and the long texts of one do not keep the others waiting.
        return new FairLimiter((int) Math.min(MOST_CHARACTERS, heap), ofOne + 1, small, ofOne);
    }
}
