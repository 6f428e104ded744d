package org.lora4j.text.tokens;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import ai.djl.util.Utils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.text.tokens.internal.TokenizerCheck;

/**
 * Hugging Face's native tokenizer, which must not be freed while a thread uses it. It cuts nothing and pads nothing, whatever its
 * file says.
 *
 * <p>It takes arrays of numbers from the native library. DJL's own {@code Encoding} has several objects for each token.
 */
final class NativeTokenizer implements TextEncoder {
    private static final Map<String, String> WHOLE_TEXTS = Map.of("truncation", "false", "padding", "false");
    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final HuggingFaceTokenizer tokenizer;
    private final ReadWriteLock use = new ReentrantReadWriteLock();
    private boolean closed;

    private NativeTokenizer(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Loads a tokenizer.
     *
     * @param name the name of the file, for messages
     * @param content the content of tokenizer.json
     */
    static NativeTokenizer load(String name, byte[] content) throws IOException {
        TokenizerCheck.require(name, content);
        try {
            FileAccess.requirePrivate(Utils.getEngineCacheDir(), "-DDJL_CACHE_DIR");
            return new NativeTokenizer(openOffline(content));
        } catch (EngineException | LinkageError e) {
            throw new IOException(
                    "the native library of the tokenizers must be loaded, found: " + e.getMessage()
                            + "; it is copied to the folder DJL_CACHE_DIR, or to .djl.ai in the home folder, which must be"
                            + " writable and allow programs; set -DDJL_CACHE_DIR=DIR",
                    e);
        } catch (RuntimeException e) {
            throw new IOException(name + ": must be a file of Hugging Face's tokenizers, found " + e.getMessage(), e);
        }
    }

    private static HuggingFaceTokenizer openOffline(byte[] content) throws IOException {
        Offline.begin();
        try {
            return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(content), WHOLE_TEXTS);
        } finally {
            Offline.end();
        }
    }

    @Override
    public NativeTokens encode(String text, boolean special) {
        return encode(text, special, NativeTokenizer::tokens);
    }

    @Override
    public int[] ids(String text, boolean special) {
        return encode(text, special, encoding -> ints(LIBRARY.getTokenIds(encoding)));
    }

    @Override
    public List<NativeTokens> encode(List<String> texts) {
        return all(handle -> LIBRARY.batchEncode(handle, texts.toArray(String[]::new), true));
    }

    @Override
    public List<NativeTokens> encodePairs(List<TextPair> pairs) {
        String[] first = pairs.stream().map(TextPair::first).toArray(String[]::new);
        String[] second = pairs.stream().map(TextPair::second).toArray(String[]::new);
        return all(handle -> LIBRARY.batchEncodePair(handle, first, second, true));
    }

    @Override
    public String beginning(String text, int tokens) {
        return TextBeginning.of(text, tokens, this);
    }

    /** Returns for each token of a text, without special ones, the number of the word that it is part of. */
    int[] words(String text) {
        return encode(text, false, encoding -> ints(LIBRARY.getWordIds(encoding)));
    }

    @Override
    public TokenSpans spans(String text, boolean special) {
        return encode(text, special, encoding -> {
            CharSpan[] spans = LIBRARY.getTokenCharSpans(encoding);
            int[] starts = new int[spans.length];
            int[] ends = new int[spans.length];
            for (int i = 0; i < spans.length; i++) {
                starts[i] = spans[i] == null ? -1 : spans[i].getStart();
                ends[i] = spans[i] == null ? -1 : spans[i].getEnd();
            }
            return new TokenSpans(starts, ends);
        });
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        long[] longs = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            longs[i] = ids[i];
        }
        return use(handle -> tokenizer.decode(longs, skipSpecial));
    }

    private <T> T encode(String text, boolean special, LongFunction<T> reader) {
        return use(handle -> {
            long encoding = LIBRARY.encode(handle, text, special);
            try {
                return reader.apply(encoding);
            } finally {
                LIBRARY.deleteEncoding(encoding);
            }
        });
    }

    private List<NativeTokens> all(LongFunction<long[]> encoder) {
        return use(handle -> {
            long[] encodings = encoder.apply(handle);
            List<NativeTokens> all = new ArrayList<>(encodings.length);
            try {
                for (long encoding : encodings) {
                    all.add(tokens(encoding));
                }
            } finally {
                LongStream.of(encodings).forEach(LIBRARY::deleteEncoding);
            }
            return all;
        });
    }

    private static NativeTokens tokens(long encoding) {
        return new NativeTokens(
                ints(LIBRARY.getTokenIds(encoding)),
                ints(LIBRARY.getTypeIds(encoding)),
                ints(LIBRARY.getSequenceIds(encoding)));
    }

    private static int[] ints(long[] values) {
        return LongStream.of(values).mapToInt(Math::toIntExact).toArray();
    }

    private <T> T use(LongFunction<T> call) {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(
                        "the tokenizer must not be closed, found one that was closed; load it again");
            }
            return call.apply(tokenizer.getHandle());
        } finally {
            use.readLock().unlock();
        }
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
