package org.lora4j.text.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.text.tokens.internal.VocabularyTokens;

/** The tokenizer in a GGUF file. Like Hugging Face's, it finds special tokens that are written in a text. */
final class GgufTokenizer implements TextEncoder {
    /** The number of the text of a special token. */
    private static final int SPECIAL = -1;

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
        return special ? joined(List.of(ids)) : new NativeTokens(ids, new int[ids.length], new int[ids.length]);
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
        IntStream.Builder ids = IntStream.builder();
        IntStream.Builder types = IntStream.builder();
        IntStream.Builder numbers = IntStream.builder();
        add(tokens.prefix(), 0, SPECIAL, ids, types, numbers);
        for (int i = 0; i < texts.size(); i++) {
            add(texts.get(i), i, i, ids, types, numbers);
            add(tokens.suffix(), i, SPECIAL, ids, types, numbers);
        }
        return new NativeTokens(
                ids.build().toArray(), types.build().toArray(), numbers.build().toArray());
    }

    private static void add(
            int[] some,
            int type,
            int number,
            IntStream.Builder ids,
            IntStream.Builder types,
            IntStream.Builder numbers) {
        for (int id : some) {
            ids.add(id);
            types.add(type);
            numbers.add(number);
        }
    }

    /** The text itself: SentencePiece has no words whose tokens depend on them alone. */
    @Override
    public String beginning(String text, int most) {
        return text;
    }

    @Override
    public TokenSpans spans(String text, boolean special) {
        VocabularyTokens found = open();
        int[][] spans = found.spans(text);
        return special
                ? new TokenSpans(
                        padded(spans[0], found.prefix().length, found.suffix().length),
                        padded(spans[1], found.prefix().length, found.suffix().length))
                : new TokenSpans(spans[0], spans[1]);
    }

    /** Puts −1 before and behind numbers. */
    private static int[] padded(int[] numbers, int before, int behind) {
        int[] padded = new int[before + numbers.length + behind];
        Arrays.fill(padded, -1);
        System.arraycopy(numbers, 0, padded, before, numbers.length);
        return padded;
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
