package org.lora4j.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.gguf.model.GgufKeys;
import org.lora4j.text.internal.vocabulary.VocabularyTokens;

/** The tokenizer in a GGUF file. Like Hugging Face's, it finds special tokens that are written in a text. */
final class GgufTokenizer implements TextEncoder {
    private final VocabularyTokens tokens;
    private volatile boolean closed;

    private GgufTokenizer(VocabularyTokens tokens) {
        this.tokens = tokens;
    }

    static GgufTokenizer read(GgufKeys keys) throws GgufException {
        return new GgufTokenizer(VocabularyTokens.read(keys));
    }

    private VocabularyTokens open() {
        if (closed) {
            throw new IllegalStateException(
                    "the tokenizer must not be closed, found one that was closed; load it again");
        }
        return tokens;
    }

    @Override
    public NativeTokens encode(String text, boolean special) {
        int[] ids = open().encode(text, true);
        return special ? joined(List.of(ids)) : tokens(ids, new int[ids.length], new int[ids.length]);
    }

    @Override
    public int[] ids(String text, boolean special) {
        return encode(text, special).ids();
    }

    @Override
    public List<NativeTokens> encode(List<String> texts) {
        return texts.stream().map(text -> encode(text, true)).toList();
    }

    @Override
    public List<NativeTokens> encodePairs(List<TextPair> pairs) {
        VocabularyTokens found = open();
        return pairs.stream()
                .map(pair -> joined(List.of(found.encode(pair.first(), true), found.encode(pair.second(), true))))
                .toList();
    }

    /** Puts the special tokens before the first text and behind each. */
    private NativeTokens joined(List<int[]> texts) {
        IntStream ids = IntStream.of(tokens.prefix());
        IntStream types = IntStream.of(new int[tokens.prefix().length]);
        IntStream numbers = IntStream.generate(() -> -1).limit(tokens.prefix().length);
        for (int i = 0; i < texts.size(); i++) {
            int number = i;
            int[] text = texts.get(i);
            int[] end = tokens.suffix();
            ids = IntStream.concat(ids, Stream.of(text, end).flatMapToInt(Arrays::stream));
            types = IntStream.concat(types, IntStream.generate(() -> number).limit(text.length + end.length));
            numbers = IntStream.concat(
                    numbers,
                    IntStream.concat(
                            IntStream.generate(() -> number).limit(text.length),
                            IntStream.generate(() -> -1).limit(end.length)));
        }
        return tokens(ids.toArray(), types.toArray(), numbers.toArray());
    }

    private static NativeTokens tokens(int[] ids, int[] types, int[] texts) {
        return new NativeTokens(ids, types, texts);
    }

    /** All tokens are of one word, so that a text is never divided. */
    @Override
    public int[] words(String text) {
        return new int[open().encode(text, true).length];
    }

    @Override
    public int[] starts(String text) {
        return open().starts(text);
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        return open().decode(ids, skipSpecial);
    }

    @Override
    public void close() {
        closed = true;
    }
}
