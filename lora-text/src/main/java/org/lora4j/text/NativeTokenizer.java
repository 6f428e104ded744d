package org.lora4j.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;

/** Hugging Face's native tokenizer, which must not be freed while a thread uses it. */
final class NativeTokenizer implements AutoCloseable {
    private static final String OFFLINE = "ai.djl.offline";

    private final HuggingFaceTokenizer tokenizer;
    private final ReadWriteLock use = new ReentrantReadWriteLock();
    private boolean closed;

    private NativeTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Loads a tokenizer that cuts texts and does not pad them.
     *
     * @param content the content of tokenizer.json
     * @param length DJL's options for where it cuts
     */
    static NativeTokenizer load(byte[] content, Map<String, String> length) throws IOException {
        Map<String, String> options = new HashMap<>(length);
        options.put("truncation", "true");
        options.put("padding", "false");
        return new NativeTokenizer(openOffline(content, options));
    }

    /** Without this, DJL reports to its makers on some machines, and downloads another native library on others. */
    private static synchronized HuggingFaceTokenizer openOffline(byte[] content, Map<String, String> options)
            throws IOException {
        String before = System.getProperty(OFFLINE);
        System.setProperty(OFFLINE, "true");
        try {
            return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(content), options);
        } finally {
            if (before == null) {
                System.clearProperty(OFFLINE);
            } else {
                System.setProperty(OFFLINE, before);
            }
        }
    }

    <T> T use(Function<HuggingFaceTokenizer, T> call) {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(
                        "the tokenizer must not be closed, found one that was closed; load it again");
            }
            return call.apply(tokenizer);
        } finally {
            use.readLock().unlock();
        }
    }

    /** Returns the tokens of a text. It makes no Java object of a token, as {@code encode} does, and so needs far less memory. */
    long[] ids(String text, boolean special) {
        return use(t -> {
            long encoding = TokenizersLibrary.LIB.encode(t.getHandle(), text, special);
            try {
                return TokenizersLibrary.LIB.getTokenIds(encoding);
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding);
            }
        });
    }

    /** Frees the native memory, after the calls that use it now. */
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
}
