package org.lora4j.langchain4j;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.LongStream;
import org.lora4j.io.FileAccess;

/** Hugging Face's tokenizer of a model. It adds the special tokens and cuts long texts. Thread-safe. */
final class TextTokenizer implements AutoCloseable {
    /** The tokenizer returns far more than the ids, so it gets a few texts at a time. */
    private static final int TEXTS_AT_A_TIME = 64;

    private static final int LONGEST_BY_DEFAULT = 512;

    /** Vocabularies of 250,000 tokens have 20 MB. */
    private static final int MOST_BYTES = 200_000_000;

    private static final String OFFLINE = "ai.djl.offline";

    private final HuggingFaceTokenizer tokenizer;
    private final int specialTokens;
    private final int maxTokens;

    /** The native tokenizer must not be freed while a thread uses it. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private TextTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        specialTokens = tokenizer.encode("").getIds().length;
        maxTokens = tokenizer.getMaxLength();
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
        byte[] content = FileAccess.readAtMost(file, MOST_BYTES);
        if (content.length > MOST_BYTES) {
            throw new IOException(file + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        try {
            return new TextTokenizer(openOffline(new ByteArrayInputStream(content), options));
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
        return maxTokens;
    }

    /** The number of special tokens of each text. */
    int specialTokens() {
        return specialTokens;
    }

    /** Returns the ids of each text, with the special tokens. */
    int[][] encode(List<String> texts) {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the model must not be closed, found one whose tokenizer was closed;"
                        + " load it again with LoRAEmbeddingModel.of");
            }
            return encodeAll(texts);
        } finally {
            use.readLock().unlock();
        }
    }

    /** Frees the native tokenizer, after the calls that use it now. */
    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }

    private int[][] encodeAll(List<String> texts) {
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
