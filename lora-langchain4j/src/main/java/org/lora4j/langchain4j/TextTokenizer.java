package org.lora4j.langchain4j;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Hugging Face's tokenizer of a model. It adds the special tokens and cuts long texts. Thread-safe. */
final class TextTokenizer {
    /** The tokenizer returns far more than the ids, so it gets a few texts at a time. */
    private static final int TEXTS_AT_A_TIME = 64;

    private static final int LONGEST_BY_DEFAULT = 512;
    private static final String OFFLINE = "ai.djl.offline";

    private final HuggingFaceTokenizer tokenizer;
    private final int specialTokens;

    private TextTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        specialTokens = tokenizer.encode("").getIds().length;
    }

    /** Loads a tokenizer that cuts where its file says, or at 512 tokens, and at most at the positions of the model. */
    static TextTokenizer load(Path file, int positions) throws IOException {
        return load(file, Map.of("modelMaxLength", String.valueOf(Math.min(positions, LONGEST_BY_DEFAULT))));
    }

    /** Loads a tokenizer that cuts at a number of tokens. */
    static TextTokenizer load(Path file, int positions, int maxTokens) throws IOException {
        String length = String.valueOf(maxTokens);
        if (maxTokens < 1 || maxTokens > positions) {
            throw new IllegalArgumentException(
                    "maxTokens must be between 1 and the " + positions + " positions of the model, found " + maxTokens);
        }
        TextTokenizer loaded = load(file, Map.of("modelMaxLength", length, "maxLength", length));
        if (maxTokens <= loaded.specialTokens) {
            throw new IllegalArgumentException("maxTokens must be more than the " + loaded.specialTokens
                    + " special tokens of a text, found " + maxTokens);
        }
        return loaded;
    }

    private static TextTokenizer load(Path file, Map<String, String> length) throws IOException {
        Map<String, String> options = new HashMap<>(length);
        options.put("truncation", "true");
        options.put("padding", "false");
        try (InputStream stream = Files.newInputStream(file)) {
            return new TextTokenizer(openOffline(stream, options));
        } catch (RuntimeException e) {
            throw new IOException(file + ": must be a file of Hugging Face's tokenizers, found " + e.getMessage(), e);
        }
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

    int maxTokens() {
        return tokenizer.getMaxLength();
    }

    /** The number of special tokens of each text. */
    int specialTokens() {
        return specialTokens;
    }

    /** Returns the ids of each text, with the special tokens. */
    int[][] encode(List<String> texts) {
        int[][] ids = new int[texts.size()][];
        for (int from = 0; from < ids.length; from += TEXTS_AT_A_TIME) {
            List<String> some = texts.subList(from, Math.min(ids.length, from + TEXTS_AT_A_TIME));
            Encoding[] encodings = tokenizer.batchEncode(some);
            for (int i = 0; i < encodings.length; i++) {
                ids[from + i] = ids(encodings[i]);
                if (ids[from + i].length == specialTokens) {
                    throw new IllegalArgumentException("each text must have at least one token, found none in text "
                            + (from + i) + "; leave out texts of spaces and control characters");
                }
            }
        }
        return ids;
    }

    private static int[] ids(Encoding encoding) {
        return LongStream.of(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
    }
}
