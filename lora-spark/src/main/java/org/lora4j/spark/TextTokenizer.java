package org.lora4j.spark;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;

/** Hugging Face's tokenizer of an encoder. It adds the special tokens and cuts long texts. Thread-safe. */
final class TextTokenizer {
    private static final int LONGEST_BY_DEFAULT = 512;
    private static final String OFFLINE = "ai.djl.offline";

    private final HuggingFaceTokenizer tokenizer;
    private final int specialTokens;

    private TextTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        specialTokens = tokenizer.encode("").getIds().length;
    }

    /**
     * Checks that the library of the tokenizers is there.
     *
     * @throws IllegalStateException if it is not
     */
    static void requireLibrary(ClassLoader classes) {
        try {
            Class.forName("ai.djl.huggingface.tokenizers.HuggingFaceTokenizer", false, classes);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "featuresCol: a column of texts needs the library ai.djl.huggingface:tokenizers on the driver and on"
                            + " each executor, found none; add it to the jars, or give a column of tokens",
                    e);
        }
    }

    /**
     * Loads a tokenizer.
     *
     * @param file the content of tokenizer.json
     * @param positions the longest sequence that the encoder takes
     * @param maxTokens where to cut texts; 0 for where the file says, or 512, and at most the positions
     */
    static TextTokenizer load(InputStream file, int positions, int maxTokens) throws IOException {
        if (maxTokens > positions) {
            throw new IllegalArgumentException(
                    "maxTokens must be at most the " + positions + " positions of the encoder, found " + maxTokens);
        }
        Map<String, String> options = new HashMap<>(Map.of("truncation", "true", "padding", "false"));
        if (maxTokens == 0) {
            options.put("modelMaxLength", String.valueOf(Math.min(positions, LONGEST_BY_DEFAULT)));
        } else {
            options.put("modelMaxLength", String.valueOf(maxTokens));
            options.put("maxLength", String.valueOf(maxTokens));
        }
        TextTokenizer loaded;
        try {
            loaded = new TextTokenizer(openOffline(file, options));
        } catch (RuntimeException e) {
            throw new IOException("tokenizer.json must be a file of Hugging Face's tokenizers: " + e.getMessage(), e);
        }
        if (maxTokens != 0 && maxTokens <= loaded.specialTokens) {
            throw new IllegalArgumentException("maxTokens must be more than the " + loaded.specialTokens
                    + " special tokens of a text, found " + maxTokens);
        }
        return loaded;
    }

    /** Without this, DJL reports to its makers on some machines, and downloads another native library on others. */
    private static synchronized HuggingFaceTokenizer openOffline(InputStream file, Map<String, String> options)
            throws IOException {
        String before = System.getProperty(OFFLINE);
        System.setProperty(OFFLINE, "true");
        try {
            return HuggingFaceTokenizer.newInstance(file, options);
        } finally {
            if (before == null) {
                System.clearProperty(OFFLINE);
            } else {
                System.setProperty(OFFLINE, before);
            }
        }
    }

    /** Returns the tokens of a text, with the special ones. */
    int[] encode(String text) {
        int[] ids = LongStream.of(tokenizer.encode(text).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
        if (ids.length == specialTokens) {
            throw new IllegalArgumentException(
                    "featuresCol: each text must have at least one token, found a text without;"
                            + " filter texts of spaces and control characters");
        }
        return ids;
    }
}
